"""Questions and passages of documents become entries of an index, each with many pieces. Knows no engine.

A question of the bank is one passage. A section of a document is cut at the borders of its blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from coach.bank import passage_of
from coach.domain import Entry, Passage, Piece, Question, Topic
from coach.text import BlockKind, Unit, units

WINDOW_UNITS = 2
WINDOW_WORDS = 90
# A passage of a document ends at the first border of blocks after so many words; a paragraph longer than the most is cut
# between sentences, a fence or a table never.
ENOUGH_WORDS, MOST_WORDS = 120, 250
_FEWEST_WORDS = 4


def entries(topics: tuple[Topic, ...]) -> list[Entry]:
    return [entry(question, topic) for topic in topics for question in topic.questions]


def entry(question: Question, topic: Topic) -> Entry:
    passage = passage_of(question, topic.title)
    asked = tuple(Piece(asking) for asking in question.askings)
    pieces = (*asked, *windows(passage))
    words = "\n".join(_words(question))
    return Entry(passage, pieces, words, _digest(passage, pieces, words))


def _words(question: Question) -> list[str]:
    """What BM25 sees: more than the passage shows, because people use the words of the key points' other wordings."""
    return [
        *question.askings,
        question.answer,
        *(wording for point in question.key_points for wording in point.wordings),
        *(text for wrong in question.misconceptions for text in (wrong.text, wrong.rather)),
        *(tag.replace("-", " ") for tag in question.tags),
    ]


def without_asking(question: Question, asking: str) -> str:
    """What BM25 would see if the question had never been put this way."""
    return "\n".join(words for words in _words(question) if words != asking)


def entry_of(passage: Passage, words: str) -> Entry:
    """A passage of a document; `words` is what BM25 sees."""
    pieces = tuple(windows(passage))
    return Entry(passage, pieces, words, _digest(passage, pieces, words))


def cut(text: str) -> Iterator[str]:
    """Slices of a section, each long enough to be understood and short enough to be read. Hardly any words make none."""
    gathered: list[Unit] = []
    found = units(text)
    for unit, following in zip(found, [*found[1:], None], strict=True):
        gathered.append(unit)
        if following is None or _may_end(gathered, following):
            said = text[gathered[0].start : unit.end]
            if len(said.split()) >= _FEWEST_WORDS:
                yield said
            gathered = []


def _may_end(gathered: Sequence[Unit], following: Unit) -> bool:
    """Whether a passage may end here. What announces a list or a fence stays with it, and a formula is not cut."""
    said = sum(len(unit.text.split()) for unit in gathered)
    last = gathered[-1]
    within_formula = sum(unit.text.count("$$") for unit in gathered) % 2
    # A formula that nobody closes does not go on forever.
    if (last.text.endswith(":") and said < MOST_WORDS) or (within_formula and said < 2 * MOST_WORDS):
        return False
    if last.block != following.block:
        return said >= ENOUGH_WORDS
    return said + len(following.text.split()) > MOST_WORDS


def windows(passage: Passage) -> list[Piece]:
    """Windows of two units, each led by the passage's heading, so that it stands by itself.

    Overlapping ones find no more and take half as long again to embed.
    """
    found = units(passage.text)
    return [_window(passage.heading, found, start) for start in range(0, len(found), WINDOW_UNITS)]


def _window(heading: str, found: list[Unit], start: int) -> Piece:
    last = min(start + WINDOW_UNITS, len(found))
    text = " ".join(unit.text for unit in found[start:last] if unit.kind is not BlockKind.CODE)
    return Piece(" ".join(f"{heading} {text}".split()[:WINDOW_WORDS]), start, last)


def _digest(passage: Passage, pieces: tuple[Piece, ...], words: str) -> str:
    # What came to a passage later and is not said of it changes nothing.
    about = {name: value for name, value in asdict(passage).items() if value or name != "by"}
    whole = json.dumps([about, [asdict(piece) for piece in pieces], words], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()
