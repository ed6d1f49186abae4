"""Questions and a coach become how much work an answer takes, and how long. Only the work is gated: a clock tells the machine.

The parts are counted from outside, by wrapping what the coach already takes as an argument.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter

from coach.domain import Answer, Passage, Question, Stage
from coach.ports import About, Embedder, EmbedderId, PassageIndex, Progress, Reading, Sparse, Stored, Vectors
from coach.service import Coach
from eval.once import Once
from eval.suite import Better, Case, Metric, Scored, Suite, hashed

EMBEDDED, SEARCHES, CALLS = "texts embedded", "searches", "LLM calls"
# Every so many-th question of the bank.
EVERY = 12


class Meter:
    """What was done and how long it took, by stage, since the last time it was read."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.seconds[name] += perf_counter() - began  # type: ignore[assignment]


class CountedEmbedder:
    """An embedder whose texts are counted."""

    def __init__(self, embedder: Embedder, meter: Meter) -> None:
        self._embedder, self._meter = embedder, meter

    @property
    def id(self) -> EmbedderId:
        return self._embedder.id

    def warm(self) -> None:
        self._embedder.warm()

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self._meter.counts[EMBEDDED] += len(texts)
        with self._meter.stage("embed"):
            return self._embedder.embed(texts, progress)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        self._meter.counts[EMBEDDED] += len(texts)
        with self._meter.stage("embed"):
            return self._embedder.read(texts)


class CountedIndex:
    """An index whose searches are counted."""

    def __init__(self, index: PassageIndex, meter: Meter) -> None:
        self._index, self._meter = index, meter

    @property
    def about(self) -> About:
        return self._index.about

    def dense(self, vector: Sequence[float], limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        self._meter.counts[SEARCHES] += 1
        with self._meter.stage("search"):
            return self._index.dense(vector, limit, among)

    def lexical(self, query: Sparse, limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        self._meter.counts[SEARCHES] += 1
        with self._meter.stage("search"):
            return self._index.lexical(query, limit, among)

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        with self._meter.stage("search"):
            return self._index.passages(ids)

    def entries(self, ids: Sequence[str]) -> list[Stored]:
        with self._meter.stage("search"):
            return self._index.entries(ids)

    def stored(self) -> Iterator[Stored]:
        return self._index.stored()

    def close(self) -> None:
        self._index.close()


def latency(coach: Coach, questions: Mapping[str, Question]) -> Suite:
    """What a first answer takes: every so many-th question of the bank in its second wording, asked anew."""
    meter = Meter()
    # What embeds each text once for a whole evaluation would leave nothing to measure.
    plain = coach.embedder.embedder if isinstance(coach.embedder, Once) else coach.embedder
    counted = replace(coach, index=CountedIndex(coach.index, meter), embedder=CountedEmbedder(plain, meter))

    def score(case: Case) -> Scored:
        plain.warm()
        meter.counts.clear()
        meter.seconds.clear()
        began, read, answer = perf_counter(), 0.0, None
        for step in counted.answering(case.text):
            read = read or (perf_counter() if isinstance(step, Stage) and step.passages else 0.0)
            answer = step if isinstance(step, Answer) else answer
        ended = perf_counter()
        assert answer is not None
        work = {
            EMBEDDED: meter.counts[EMBEDDED],
            SEARCHES: meter.counts[SEARCHES],
            CALLS: answer.spent.calls if answer.spent else 0,
        }
        before = (read or ended) - began
        seconds = {
            "embed": meter.seconds["embed"],
            "search": meter.seconds["search"],
            "judge": max(0.0, before - meter.seconds["embed"] - meter.seconds["search"]),
            "answer": ended - (read or ended),
        }
        return Scored({name: float(count) for name, count in work.items()}, {}, {"kind": str(answer.kind)}, work, seconds)

    metrics = (
        Metric(EMBEDDED, Better.LOWER, floor=2.0, tolerance=0.1, worst=100.0),
        Metric(SEARCHES, Better.LOWER, floor=4.0, tolerance=0.1, worst=100.0),
        Metric(CALLS, Better.LOWER, floor=2.0, tolerance=0.1, worst=100.0),
    )
    chosen = [question for _, question in sorted(questions.items())][::EVERY]
    cases = tuple(
        Case(question.id, question.id, question.askings[-1], hashed(question.askings[-1]), {"topic": question.topic})
        for question in chosen
    )
    return Suite("latency", metrics, cases, score)
