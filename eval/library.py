"""The bank's own answers, indexed as if they were documents, become a calibration for what lies beside the bank.

A document has no ways of asking and no other wordings, so less of it matches a question. Its confidence is fitted on the
same development cases as the bank's, and measured on the other half.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from coach.adapters.index_edge import EdgeStore
from coach.domain import Entry, Origin, Question, Topic
from coach.ports import Progress
from coach.refuse import Calibration
from coach.retrieve import search
from coach.service import Coach
from eval import retrieval
from eval.cases import RetrievalCase
from eval.metrics import Score, auroc, share_reaching
from ingest.document import Document, Section
from ingest.nodes import entries_of
from ingest.run import ingest, plan

REFUSED = 0.95


@dataclass(frozen=True, slots=True)
class LibraryReport:
    """How well the confidence tells what a document answers from what none does, on the half nothing was fitted on.

    `first` is the share of answerable questions whose best passage is of the right answer; `refused` is by kind.
    """

    calibration: Calibration
    auroc: Score
    first: float
    kept: float | None
    refused: Mapping[str, float | None]
    answerable: int
    unanswerable: int


def as_documents(topics: Sequence[Topic]) -> list[Entry]:
    """Every answer of the bank as a document that is named for its topic alone."""
    return entries_of(_document(question, topic.title) for topic in topics for question in topic.questions)


def _document(question: Question, title: str) -> Document:
    return Document(question.id, title, Origin.DOCUMENT, (Section((), question.answer, question.id),))


@contextmanager
def over_documents(coach: Coach, topics: Sequence[Topic], progress: Progress | None = None) -> Iterator[Coach]:
    """The coach over an index of those documents, which goes when this ends."""
    with tempfile.TemporaryDirectory() as folder:
        store = EdgeStore(Path(folder))
        todo = plan(as_documents(topics), store, coach.embedder)
        ingest(todo, store, coach.embedder, coach.lexicon, "", datetime.now(UTC), progress=progress)
        index = store.open()
        try:
            yield replace(coach, index=index, library=None)
        finally:
            index.close()


def fit(coach: Coach, cases: Sequence[RetrievalCase]) -> Calibration:
    """A calibration from the development half, with the floor that refuses 95 % of what no document answers there.

    The library is asked only after the bank has refused, and mostly rightly so: it must be surer than the bank.
    """
    fitted = retrieval.fit(coach, cases)
    trying = replace(coach, calibration=fitted)
    unanswerable = [case.user_input for case in cases if not case.held_back and not case.answerable]
    sure = [trying.judge(question, trying.search(question, 1)).confidence for question in unanswerable]
    return replace(fitted, floor=float(np.quantile(sure, REFUSED)))


def measure(coach: Coach, cases: Sequence[RetrievalCase]) -> LibraryReport:
    """`coach` is one over documents, with the calibration that is to be measured."""
    held = [case for case in cases if case.held_back]
    vectors = coach.embedder.embed([case.user_input for case in held])
    sure: dict[str, float] = {}
    first = 0
    for case, vector in zip(held, vectors, strict=True):
        hits = search(coach.index, coach.lexicon, case.user_input, vector, 1)
        sure[case.id] = coach.judge(case.user_input, hits).confidence
        first += bool(hits) and hits[0].passage.source in case.relevant
    answerable = [case for case in held if case.answerable]
    floor = coach.calibration.floor
    refused = {}
    for kind in sorted({case.kind for case in held if not case.answerable}):
        reached = share_reaching([sure[case.id] for case in held if case.kind == kind], floor)
        refused[kind] = None if reached is None else 1 - reached
    return LibraryReport(
        coach.calibration,
        auroc([sure[case.id] for case in held], [case.answerable for case in held]),
        first / len(answerable) if answerable else 0.0,
        share_reaching([sure[case.id] for case in answerable], floor),
        refused,
        len(answerable),
        len(held) - len(answerable),
    )
