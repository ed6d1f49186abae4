"""Items of foreign banks become questions, kept under the coach's home until they are forgotten. The bank's own stay apart."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from coach.domain import Level, Question, Topic
from coach.errors import BadInput, StorageError
from coach.text import clean, words
from ingest.formats.items import Item
from ingest.formats.reading import without_readings
from ingest.read import Bank

_MOST_NAME = 40


@dataclass(frozen=True, slots=True)
class Kept:
    """A foreign bank as it is kept. `source` is where it was read, `digest` a hash of its questions."""

    name: str
    source: str
    read: str
    digest: str
    topics: tuple[Topic, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for topic in self.topics for question in topic.questions)


@cache
def _records() -> TypeAdapter[Kept]:
    return TypeAdapter(Kept)


def topics_of(items: Sequence[Item], name: str) -> tuple[Topic, ...]:
    """The questions of a bank, under the headings they stand under. An id follows from the bank's name and the question.

    A level that nobody gave is the middle one. What is no more than a list of links is no answer.
    """
    titles: dict[str, str] = {}
    grouped: dict[str, list[Question]] = {}
    seen: Counter[str] = Counter()
    for item in items:
        title = item.path[-1] if item.path else name
        topic = f"{name}-{_slug(title)}" if item.path else name
        titles.setdefault(topic, title)
        grouped.setdefault(topic, []).append(_question(item, topic, name, seen))
    return tuple(Topic(topic, titles[topic], tuple(questions)) for topic, questions in grouped.items())


def keep(folder: Path, name: str, source: Path, topics: tuple[Topic, ...], now: datetime) -> Kept:
    """Keep a bank under its name, in place of what was read from the same place before. Raises BadInput, StorageError."""
    for other in kept(folder):
        if other.name == name and other.source != str(source):
            raise BadInput(
                f"There is already a bank {name!r}, read from {other.source}. "
                f"Rename the file, or run: coach ingest --forget {name}"
            )
    bank = Kept(name, str(source), now.isoformat(timespec="seconds"), digest(topics), topics)
    file = folder / f"{name}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".part")
        half.write_bytes(_records().dump_json(bank, indent=1))
        half.replace(file)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}. Check COACH_HOME and the disk.") from error
    return bank


def kept(folder: Path) -> tuple[Kept, ...]:
    """Every foreign bank that is kept. Raises StorageError."""
    return tuple(_record(file) for file in sorted(folder.glob("*.json")))


def forget(folder: Path, name: str) -> None:
    """Remove a bank. Raises BadInput if there is none of that name."""
    names = [file.stem for file in sorted(folder.glob("*.json"))]
    if name not in names:
        known = f"There are: {', '.join(names)}." if names else "None is kept."
        raise BadInput(f"There is no bank {name!r} to forget. {known}")
    (folder / f"{name}.json").unlink(missing_ok=True)


def name_of(path: Path) -> str:
    """What a bank read from `path` is called: the file's or folder's name in letters, digits and hyphens."""
    return _slug(path.resolve().stem)


def with_kept(bank: Bank, folder: Path) -> Bank:
    """A bank and every foreign one that is kept. Raises StorageError."""
    others = kept(folder)
    topics = bank.topics + tuple(topic for other in others for topic in other.topics)
    return Bank(topics, bank.problems, whole_digest(bank.digest, others))


def whole_digest(own: str, others: Iterable[Kept]) -> str:
    """A hash over a bank and the foreign ones beside it: its own where there are none."""
    found = [f"{other.name}:{other.digest}" for other in others]
    return hashlib.sha256("\n".join([own, *found]).encode()).hexdigest() if found else own


def answered(topics: Iterable[Topic]) -> tuple[Topic, ...]:
    """The topics without the questions that nobody has answered: there is nothing to find in those."""
    return tuple(replace(topic, questions=tuple(q for q in topic.questions if q.answer)) for topic in topics)


def digest(topics: Iterable[Topic]) -> str:
    """A hash over everything the topics hold."""
    return hashlib.sha256(json.dumps([asdict(topic) for topic in topics], sort_keys=True).encode()).hexdigest()


def _record(file: Path) -> Kept:
    try:
        return _records().validate_json(file.read_bytes())
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}. Check its permissions.") from error
    except ValidationError as error:
        raise StorageError(f"{file} is damaged. Run: coach ingest --forget {file.stem}, then ingest the bank again.") from error


def _question(item: Item, topic: str, name: str, seen: Counter[str]) -> Question:
    at = f"{Path(item.file).name}:{item.first}"
    if item.question:
        return replace(item.question, id=f"{name}-{item.question.id}", topic=topic, at=at)
    return Question(
        id=_id(item, name, seen),
        topic=topic,
        level=Level.MID,
        prompt=item.prompt,
        also_asked=(),
        answer=without_readings(item.answer),
        key_points=(),
        misconceptions=(),
        follow_ups=(),
        references=item.links,
        tags=item.tags,
        hint=item.hint,
        at=at,
    )


def _id(item: Item, name: str, seen: Counter[str]) -> str:
    mark = hashlib.sha256(" ".join(words(clean(item.prompt))).encode()).hexdigest()[:8]
    seen[mark] += 1
    return f"{name}-{mark}" + (f"-{seen[mark]}" if seen[mark] > 1 else "")


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_MOST_NAME].strip("-") or "bank"
