"""A bank file's text becomes questions, or problems with their line. Knows the format, not the disk.

The format is taught in `corpus/README.md`; a test parses the example there.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from coach.domain import KeyPoint, Level, Misconception, Origin, Passage, Question, Reference, Topic

SECTIONS = ("Also asked", "Answer", "Key points", "Rubric", "Misconceptions", "Follow-ups", "References")
META = ("Level", "As of", "Kind", "Tags")

_HEADING = re.compile(r"##\s+([A-Z]{2}\d{2,3})\s+(\S.*)")
_LABEL = re.compile(r"\*\*([^*]+)\*\*:?")
_BULLET = re.compile(r"(\s*)-\s+(\S.*)")
_POINT = re.compile(r"\((\d+)\)\s+(\S.*)")
_REFERENCE = re.compile(r"\[(.+)\]\((https?://\S+)\)(?::\s*(.*))?")
_RATHER = re.compile(r"Rather:\s*(.*)")
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a bank file. `str()` is `file:line: what and what to do`."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class _Item:
    """A top-level bullet and the bullets below it."""

    number: int
    text: str
    below: tuple[_Line, ...]


@dataclass
class _Reader:
    """Collects problems while one file is read."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def complain(self, line: int, text: str) -> None:
        self.problems.append(Problem(self.file, line, text))


def parse(text: str, file: str, topic: str) -> tuple[Topic, tuple[Problem, ...]]:
    """The questions of one file and everything wrong with it.

    A question with a problem is left out of the topic; the rest of the file is still read.
    """
    reader = _Reader(file)
    lines = [_Line(number, raw.rstrip()) for number, raw in enumerate(text.replace("\r\n", "\n").split("\n"), 1)]
    title = next((line.text[2:].strip() for line in lines if line.text.startswith("# ")), "")
    if not title:
        reader.complain(1, "the file has no title. Start it with a line like: # Retrieval-augmented generation")
    questions = []
    for block in _blocks(lines):
        before = len(reader.problems)
        question = _question(block, topic, reader)
        if question and len(reader.problems) == before:
            questions.append(question)
    return Topic(topic, title, tuple(questions)), tuple(reader.problems)


def _blocks(lines: list[_Line]) -> Iterator[list[_Line]]:
    """Runs of lines, each starting at a `## ` heading outside a code fence."""
    block: list[_Line] = []
    fenced = False
    for line in lines:
        fenced ^= line.text.lstrip().startswith("```")
        if line.text.startswith("## ") and not fenced:
            if block:
                yield block
            block = [line]
        elif block:
            block.append(line)
    if block:
        yield block


def _question(block: list[_Line], topic: str, reader: _Reader) -> Question | None:
    head = block[0]
    match = _HEADING.fullmatch(head.text)
    if not match:
        reader.complain(head.number, f"not a question heading: {head.text!r}. Write: ## RG01 The question?")
        return None
    id_, prompt = match.groups()
    sections = _sections(block[1:], reader)
    meta = _meta(sections.pop("", []), head, reader)
    experience = meta.get("Kind") == "experience"
    points_at = "Rubric" if experience else "Key points"
    unused = "Key points" if experience else "Rubric"
    if unused in sections:
        reader.complain(head.number, f"{id_} has a section {unused!r}; this kind of question needs {points_at!r}")
    for name in SECTIONS:
        if name not in sections and name != unused:
            reader.complain(head.number, f"{id_} has no section **{name}**")
    answer = "\n".join(line.text for line in sections.get("Answer", [])).strip()
    return Question(
        id=id_,
        topic=topic,
        level=Level(meta["Level"]) if meta.get("Level") in set(Level) else Level.MID,
        prompt=prompt,
        also_asked=tuple(item.text for item in _items(sections.get("Also asked", []), reader)),
        answer=answer,
        key_points=tuple(_key_points(sections.get(points_at, []), reader)),
        misconceptions=tuple(_misconceptions(sections.get("Misconceptions", []), reader)),
        follow_ups=tuple(item.text for item in _items(sections.get("Follow-ups", []), reader)),
        references=tuple(_references(sections.get("References", []), reader)),
        tags=tuple(tag.strip() for tag in meta.get("Tags", "").split(",") if tag.strip()),
        as_of=meta.get("As of", ""),
        experience=experience,
        at=f"{reader.file}:{head.number}",
    )


def _sections(lines: Iterable[_Line], reader: _Reader) -> dict[str, list[_Line]]:
    """Lines by section name; what stands before the first label is under the empty name."""
    sections: dict[str, list[_Line]] = {"": []}
    name, fenced = "", False
    for line in lines:
        fenced ^= line.text.lstrip().startswith("```")
        label = None if fenced else _LABEL.fullmatch(line.text)
        if label is None:
            sections[name].append(line)
            continue
        wanted = label.group(1).strip().rstrip(":")
        if wanted not in SECTIONS:
            reader.complain(line.number, f"unknown section {wanted!r}. Sections are: {', '.join(SECTIONS)}")
        elif wanted in sections:
            reader.complain(line.number, f"section {wanted!r} stands here a second time")
        name = wanted
        sections.setdefault(name, [])
    return sections


def _meta(lines: list[_Line], head: _Line, reader: _Reader) -> dict[str, str]:
    meta: dict[str, str] = {}
    for line in lines:
        for part in filter(None, (part.strip() for part in line.text.split("·"))):
            key, _, value = (half.strip() for half in part.partition(":"))
            if key not in META:
                reader.complain(line.number, f"unknown setting {key!r}. Write: Level: mid · As of: 2026-11 · Tags: a, b")
            meta[key] = value
    if meta.get("Level") not in set(Level):
        reader.complain(head.number, f"level is {meta.get('Level', 'missing')!r}; it must be junior, mid or senior")
    if "As of" in meta and not _MONTH.fullmatch(meta["As of"]):
        reader.complain(head.number, f"'As of' is {meta['As of']!r}; write a month as YYYY-MM")
    if meta.get("Kind", "experience") != "experience":
        reader.complain(head.number, f"kind is {meta['Kind']!r}; leave it out or write: Kind: experience")
    return meta


def _items(lines: list[_Line], reader: _Reader) -> Iterator[_Item]:
    """Top-level bullets with the bullets below them. Continuation lines join the bullet they follow."""
    item: _Item | None = None
    for line in lines:
        if not line.text.strip():
            continue
        match = _BULLET.fullmatch(line.text)
        if match is None and item is None:
            reader.complain(line.number, f"expected a bullet, found: {line.text.strip()[:60]!r}")
        elif match is None and item is not None:
            item = _continued(item, line.text.strip())
        elif match is not None and match.group(1) and item is not None:
            item = _Item(item.number, item.text, (*item.below, _Line(line.number, match.group(2))))
        elif match is not None:
            if item:
                yield item
            item = _Item(line.number, match.group(2), ())
    if item:
        yield item


def _continued(item: _Item, text: str) -> _Item:
    if not item.below:
        return _Item(item.number, f"{item.text} {text}", ())
    last = item.below[-1]
    return _Item(item.number, item.text, (*item.below[:-1], _Line(last.number, f"{last.text} {text}")))


def _key_points(lines: list[_Line], reader: _Reader) -> Iterator[KeyPoint]:
    for item in _items(lines, reader):
        match = _POINT.fullmatch(item.text)
        if match is None or match.group(1) not in "123":
            reader.complain(item.number, "a key point starts with its weight 1, 2 or 3 in brackets: - (3) The statement.")
            continue
        yield KeyPoint(match.group(2), int(match.group(1)), tuple(line.text for line in item.below))


def _misconceptions(lines: list[_Line], reader: _Reader) -> Iterator[Misconception]:
    for item in _items(lines, reader):
        rather = ""
        for line in item.below:
            match = _RATHER.fullmatch(line.text)
            if match is None:
                reader.complain(line.number, "below a misconception stands only:   - Rather: what is right")
            else:
                rather = match.group(1)
        yield Misconception(item.text, rather)


def _references(lines: list[_Line], reader: _Reader) -> Iterator[Reference]:
    for item in _items(lines, reader):
        match = _REFERENCE.fullmatch(item.text)
        if match is None:
            reader.complain(item.number, "a reference is written: - [Title](https://...): why it is worth reading")
            continue
        title, url, why = match.groups()
        yield Reference(title, url, why or "")


def passage_of(question: Question, title: str) -> Passage:
    """The passage a question's answer makes; `title` is its topic's. The same question always has the same id."""
    source = question.at.rpartition(":")[0] or f"bank/{question.topic}.md"
    return Passage(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source}#{question.id}")),
        text=question.answer,
        source=source,
        title=title,
        heading=question.prompt,
        topic=question.topic,
        place=question.id,
        links=question.references,
        origin=Origin.BANK if source.startswith("bank/") else Origin.DOCUMENT,
    )
