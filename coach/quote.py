"""What was found becomes an answer in the material's own words, in whichever manner was asked. Knows no language model.

Plain answers are passages' sentences. The other manners use what the bank knows of its questions: key points say it
simply, misconceptions and the rest of the passage go deeper, follow-ups are what an interviewer asks next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from coach.answer import Found, cited, extract
from coach.domain import Answer, AnswerKind, Citation, Manner, Part, Passage, Question
from coach.ports import Embedder, Stored, Vectors
from coach.resolve import Resolver, Said
from coach.text import BlockKind, Unit, units, words

_EXAMPLE = re.compile(
    r"\b(?:for (?:example|instance)|e\.g\.|such as|suppose|imagine|take (?:a|an|the)|say,)|\b\d[\d,.]*\b", re.IGNORECASE
)
_EXAMPLES = 4
_SIDE_UNITS = 3
_DEEPER_WORDS = 450
_ASKS = 5
_POINTING = frozenset({"it", "its", "they", "this", "that", "these"})
_FROM_QUESTION = frozenset({Manner.SIMPLE, Manner.DEEPER, Manner.NEXT, Manner.QUIZ})
# What no language model is asked for: the bank's questions are better than invented ones.
FROM_THE_BANK = frozenset({Manner.NEXT, Manner.QUIZ})

_NO_EXAMPLE = "The material gives no example of that; this is what it says."
_NOT_IN_BANK = "The bank has no question about exactly that; this is what the material says."
_ONE_SIDE = "The material treats only one of these; this is what it says."


@dataclass(frozen=True)
class Quoter:
    """Answers without a language model. `bank` holds the questions by id, as passages name them in their place."""

    resolver: Resolver
    embedder: Embedder
    bank: Mapping[str, Question] = field(default_factory=dict)

    def query(self, question: str, said: Sequence[Said]) -> tuple[str, None]:
        """What to search for instead of a question that only the conversation explains, or nothing."""
        return self.resolver.carried(question, said), None

    def answer(self, found: Found, _stop: object = None) -> Iterator[Part | Answer]:
        """The answer's text, then the answer: it is there at once, so there is nothing to stop."""
        answer = self.quoted(found)
        yield Part(answer.text)
        yield answer

    def quoted(self, found: Found) -> Answer:
        """The answer in the manner that was asked for."""
        tell = _TELLING.get(found.manner)
        answer = tell(self, found) if tell else _plain(found)
        return replace(answer, manner=found.manner, searched=found.searched, spent=found.spent)

    def question(self, found: Found) -> Question | None:
        """The bank's question whose passage was found first."""
        passage = found.hits[0].passage
        question = self.bank.get(passage.place)
        return question if question and question.prompt == passage.heading else None

    def simple(self, found: Found) -> Answer:
        """The key points in the plainest of their wordings, the essential ones first."""
        question = self.question(found)
        if question is None or not question.key_points:
            return replace(_plain(found), note=_NOT_IN_BANK)
        points = sorted(question.key_points, key=lambda point: -point.weight)
        return self._listed(found, [min(point.wordings, key=_difficulty) for point in points])

    def deeper(self, found: Found) -> Answer:
        """The whole passage, then what people get wrong about it."""
        whole = _said(found, [(found.hits[0].passage, _within(units(found.hits[0].passage.text), _DEEPER_WORDS))])
        question = self.question(found)
        wrong = [m for m in question.misconceptions if m.rather] if question else []
        if not wrong:
            return whole
        told = [f"Not so: {m.text} Rather: {m.rather}" for m in wrong]
        return self._listed(found, told, whole, "What people get wrong:")

    def compared(self, found: Found) -> Answer:
        """The two passages found, side by side: each under its heading, with what it says first."""
        sides = found.hits[:2]
        if len(sides) < 2:
            return replace(_plain(found), note=_ONE_SIDE)
        return _said(
            found,
            [(hit.passage, _relevant(stored, found.vector)) for hit, stored in zip(sides, found.stored, strict=False)],
            headed=True,
        )

    def example(self, found: Found) -> Answer:
        """The sentences of the passages that give an example, a number or code."""
        picks = []
        left = _EXAMPLES
        for hit in found.hits:
            examples = [unit for unit in units(hit.passage.text) if unit.kind is BlockKind.CODE or _EXAMPLE.search(unit.text)][
                :left
            ]
            if examples and hit.score >= found.hits[0].score / 2:
                picks.append((hit.passage, examples))
                left -= len(examples)
        return _said(found, picks) if picks else replace(_plain(found), note=_NO_EXAMPLE)

    def next(self, found: Found) -> Answer:
        """What an interviewer would ask next: the bank's follow-ups, then the questions nearest to this one."""
        question = self.question(found)
        near = [hit.passage.heading for hit in found.hits[1 if question else 0 :]]
        asks = tuple(dict.fromkeys([*(question.follow_ups if question else ()), *near]))[:_ASKS]
        text = "An interviewer could go on with:\n\n" + "\n".join(f"- {ask}" for ask in asks)
        return Answer(AnswerKind.EXTRACTED, found.question, text, judgement=found.judgement, asks=asks)

    def quiz(self, found: Found) -> Answer:
        """The bank's question to practice on this."""
        question = self.question(found)
        if question is None:
            return replace(_plain(found), note=_NOT_IN_BANK)
        text = f"Practice this one: {question.prompt}"
        return Answer(AnswerKind.EXTRACTED, found.question, text, judgement=found.judgement, practice=question.id)

    def _listed(self, found: Found, told: Sequence[str], before: Answer | None = None, lead: str = "") -> Answer:
        """`told` as a list, each item cited with the sentence of the first passage that is nearest to it."""
        passage = found.hits[0].passage
        sources = units(passage.text)
        vectors = self.embedder.embed([*told, *(unit.text for unit in sources)])
        nearest = [sources[int(np.argmax(vectors[len(told) :] @ vector))] for vector in vectors[: len(told)]]
        citations = list(before.citations) if before else []
        lines = []
        for text, unit in zip(told, nearest, strict=True):
            lines.append(f"- {text} [{_number(Citation(passage, unit.text), citations)}]")
        parts = [before.text] if before else []
        text = "\n\n".join([*parts, *([lead] if lead else []), "\n".join(lines)])
        return Answer(AnswerKind.EXTRACTED, found.question, text, tuple(citations), judgement=found.judgement)


_TELLING: dict[Manner, Callable[[Quoter, Found], Answer]] = {
    Manner.SIMPLE: Quoter.simple,
    Manner.DEEPER: Quoter.deeper,
    Manner.COMPARE: Quoter.compared,
    Manner.EXAMPLE: Quoter.example,
    Manner.NEXT: Quoter.next,
    Manner.QUIZ: Quoter.quiz,
}


def _plain(found: Found) -> Answer:
    return extract(found.question, found.vector, found.hits, found.stored, found.judgement)


def _said(found: Found, picks: Sequence[tuple[Passage, Sequence[Unit]]], *, headed: bool = False) -> Answer:
    """Units of passages, as they stand there, each with its citation."""
    citations: list[Citation] = []
    parts = []
    for passage, chosen in picks:
        said = cited(passage, chosen, citations)
        parts.append(f"**{passage.heading}**\n\n{said}" if headed else said)
    return Answer(AnswerKind.EXTRACTED, found.question, "\n\n".join(parts), tuple(citations), judgement=found.judgement)


def _within(found: Sequence[Unit], budget: int) -> list[Unit]:
    """The units from the first until the budget of words is spent."""
    kept: list[Unit] = []
    for unit in found:
        budget -= len(unit.text.split())
        if budget < 0 and kept:
            break
        kept.append(unit)
    return kept


def _relevant(stored: Stored, vector: Vectors) -> list[Unit]:
    """The passage's first unit and those of its window nearest to the question, in reading order."""
    found = units(stored.entry.passage.text)
    windows = [row for row, piece in enumerate(stored.entry.pieces) if piece.is_window]
    best = stored.entry.pieces[max(windows, key=lambda row: float(stored.dense[row] @ vector))]
    return [found[i] for i in sorted({0, *range(best.first, best.last)})][:_SIDE_UNITS]


def _number(citation: Citation, citations: list[Citation]) -> int:
    """The number of a citation among `citations`, where it is put if it is not there yet."""
    if citation not in citations:
        citations.append(citation)
    return citations.index(citation) + 1


def _difficulty(wording: str) -> tuple[bool, float]:
    """Letters a word: what is said in short words is plain, unless nobody knows what its first one means."""
    said = words(wording)
    return (not said or said[0] in _POINTING, sum(map(len, said)) / max(1, len(said)))
