"""What lies beside the bank: pages it cites, documents, the candidate's own notes. It answers where the bank does not,
and where the bank does it supports. Knows no engine.

The bank's own search, ranking and refusal never change for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from coach.answer import Found
from coach.domain import Citation, Hit, Judgement, Origin
from coach.ports import CommonWords, Lexicon, PassageIndex, Stored, Vectors
from coach.refuse import Calibration, features, unknown_names
from coach.retrieve import search
from coach.text import units

FURTHER = 2
_LOOKED_AT = 10
WHOSE = {
    Origin.PAGE: "The question bank does not answer this; a page kept beside it does.",
    Origin.DOCUMENT: "The question bank does not answer this; a document kept beside it does.",
    Origin.OWN: "The question bank does not answer this; these are words of your own notes.",
}


@dataclass(frozen=True)
class Library:
    """Its index, and how sure it must be of a passage: passages of it are not asked for as such, so less of them matches."""

    index: PassageIndex
    calibration: Calibration
    lexicon: Lexicon
    english: CommonWords

    def search(self, question: str, vector: Vectors) -> list[Hit]:
        """The best hits; `vector` is the question's."""
        return search(self.index, self.lexicon, question, vector, _LOOKED_AT)

    def judge(self, question: str, hit: Hit) -> Judgement:
        """How sure it is that a hit answers the question."""
        unknown = tuple(unknown_names(question, self.index.about, self.lexicon, self.english))
        return Judgement(self.calibration.confidence(features(question, hit, unknown)), self.calibration.floor, unknown)

    def unknown(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names that stand nowhere in it."""
        tokens = {name: self.lexicon.tokens(name).values() for name in names}
        return tuple(name for name in names if not any(self.index.about.frequencies.get(token) for token in tokens[name]))

    def enough(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """Those of the hits that answer the question by themselves, best first."""
        return [hit for hit in hits if self.judge(question, hit).enough]

    def stored(self, hits: Sequence[Hit]) -> list[Stored]:
        return self.index.entries([hit.passage.id for hit in hits])


def further(found: Found, hits: Sequence[Hit], stored: Sequence[Stored]) -> tuple[Citation, ...]:
    """At most two quotes that stand beside the bank's answer, one a source: first from pages that its passage cites.

    `hits` answer the question too; `stored` are their entries in the same order. A quote is a passage's best window.
    """
    # An address may lead to a place within a page.
    cited = {link.url.partition("#")[0] for link in found.hits[0].passage.links}
    order = sorted(range(len(hits)), key=lambda at: (not _is_of(hits[at], cited), at))
    quotes: dict[tuple[Origin, str], Citation] = {}
    for at in order:
        if quote := _best_window(stored[at], found.vector):
            passage = hits[at].passage
            quotes.setdefault((passage.origin, passage.source), Citation(passage, quote))
    return tuple(quotes.values())[:FURTHER]


def _is_of(hit: Hit, addresses: Collection[str]) -> bool:
    return hit.passage.origin is Origin.PAGE and hit.passage.source in addresses


def _best_window(stored: Stored, vector: Vectors) -> str:
    """The slice of a passage that is nearest to the question."""
    rows = [row for row, piece in enumerate(stored.entry.pieces) if piece.is_window]
    if not rows:
        return ""
    best = stored.entry.pieces[rows[int(np.argmax(stored.dense[rows] @ vector))]]
    chosen = units(stored.entry.passage.text)[best.first : best.last]
    return stored.entry.passage.text[chosen[0].start : chosen[-1].end] if chosen else ""
