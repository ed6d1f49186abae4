"""A question of the bank becomes an entry of the index: one passage, many pieces. Knows no engine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from coach.bank import passage_of
from coach.domain import Entry, Passage, Piece, Question, Topic
from coach.text import BlockKind, Unit, units

WINDOW_UNITS = 2
WINDOW_WORDS = 90


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
    whole = json.dumps([asdict(passage), [asdict(piece) for piece in pieces], words], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()
