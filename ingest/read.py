"""A folder of bank files becomes topics. Knows the disk; the format is `coach.bank`'s."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from coach.bank import Problem, parse
from coach.domain import Question, Topic
from coach.errors import BadBank, StorageError

MAX_FILE_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Bank:
    """All topics of a corpus, what was wrong with its files, and a hash of all their bytes."""

    topics: tuple[Topic, ...]
    problems: tuple[Problem, ...]
    digest: str

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for topic in self.topics for question in topic.questions)


def read_bank(corpus: Path) -> Bank:
    """Every question that can be read under `corpus/bank`, and every problem. Raises StorageError."""
    files = bank_files(corpus)
    topics: list[Topic] = []
    problems: list[Problem] = []
    for file in files:
        name = f"bank/{file.name}"
        text = _text(file, name, problems)
        topic, found = parse(text, name, file.stem)
        topics.append(topic)
        problems.extend(found)
    problems.extend(_repeated_ids(topics))
    return Bank(tuple(topics), tuple(problems), digest(corpus))


def whole_bank(corpus: Path) -> Bank:
    """The bank, if nothing in it is wrong. Raises BadBank with every problem, StorageError."""
    bank = read_bank(corpus)
    if bank.problems:
        raise BadBank(tuple(str(problem) for problem in bank.problems))
    return bank


def bank_files(corpus: Path) -> list[Path]:
    folder = corpus / "bank"
    files = sorted(folder.glob("*.md"))
    if not files:
        raise StorageError(f"There are no question files (*.md) in {folder}. Set COACH_CORPUS to the folder that holds bank/.")
    return files


def digest(corpus: Path) -> str:
    """A hash over the names and bytes of all bank files."""
    whole = hashlib.sha256()
    for file in bank_files(corpus):
        whole.update(file.name.encode() + b"\0")
        try:
            whole.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise StorageError(f"{file} cannot be read: {error.strerror}. Check its permissions.") from error
    return whole.hexdigest()


def _text(file: Path, name: str, problems: list[Problem]) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror}. Check its permissions.") from error
    if len(data) > MAX_FILE_BYTES:
        problems.append(Problem(name, 1, f"the file has {len(data):,} bytes, more than {MAX_FILE_BYTES:,}. Split it by topic"))
        return "# too large"
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        problems.append(Problem(name, line, "this is not UTF-8 text. Save the file as UTF-8"))
        return "# not text"


def _repeated_ids(topics: list[Topic]) -> list[Problem]:
    everything = [question for topic in topics for question in topic.questions]
    counts = Counter(question.id for question in everything)
    first: dict[str, str] = {}
    problems = []
    for question in everything:
        if counts[question.id] > 1 and question.id in first:
            file, _, line = question.at.rpartition(":")
            problems.append(
                Problem(file, int(line), f"{question.id} is already used at {first[question.id]}. Take the next free id")
            )
        first.setdefault(question.id, question.at)
    return problems
