"""Questions and a coach become scores of its answers and refusals, beside what a plain query engine says from the same index.

Three kinds of cases: questions that the bank answers, by whose key points an answer is judged; questions it does not
answer; and questions whose own bank questions are left out of the index while they are asked. An answer that was refused
has no claims to judge and counts under refusals only. Nothing is fitted on these cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from coach.domain import Answer, AnswerKind, Hit, Question
from coach.errors import BadInput
from coach.service import Coach
from coach.text import find_quote, units
from eval import baselines, samples
from eval.cases import FOLDER, RetrievalCase, lines, load_retrieval, parsed
from eval.judge import Judge, claims
from eval.left_out import LeftOut
from eval.metrics import Score, citation_precision, citation_validity
from eval.samples import Sample
from eval.suite import Better, Case, Cost, Metric, Scored, Suite, hashed, held_back

ASKS, DELETED = FOLDER / "asks.jsonl", FOLDER / "deleted.jsonl"
# Passages an answer may draw on.
READ = 4
# The plain alternatives, as they stand behind the names of metrics.
TOP, HALF = "top passage", "top passage, half"
# What is compared with them: they do not cite, do not refuse, and share the coach's retrieval.
COMPARED = (
    "faithfulness",
    "claim precision",
    "answer coverage",
    "factual correctness",
    "answer relevancy",
    "semantic similarity",
)
FALSE_ANSWER, FALSE_REFUSAL = "false answer", "false refusal"
VALIDITY, PRECISION = "citation validity", "citation precision"
_FLOORS = {"faithfulness": 0.99, "claim recall": 0.65, "answer coverage": 0.5, "context precision": 0.85}
_CALLS = 2
_CHARACTERS_PER_TOKEN = 4
_MARK = re.compile(r"\[(\d+)\]")
# Marks stand behind the full stop, where the next sentence begins.
_AFTER = re.compile(r"([.!?][\"')*_]*)((?:[ \t]*\[\d+\])+)")


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    user_input: str = Field(min_length=1)
    reference_context_ids: list[str] = []
    kind: str = Field(min_length=1)
    without: list[str] = []


@dataclass(frozen=True, slots=True)
class Ask:
    """A question; `answers` are the bank's questions that answer it, `without` those left out while it is asked."""

    id: str
    user_input: str
    kind: str
    answers: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        return next(iter((*self.answers, *self.without)), self.id)

    @property
    def digest(self) -> str:
        return hashed([self.user_input, self.answers, self.without])


def load() -> list[Ask]:
    """All committed questions, answerable or not. Raises BadInput with file:line."""
    return [*written(), *unanswerable(load_retrieval(*sorted(FOLDER.glob("retrieval*.jsonl"))))]


def written(files: Sequence[Path] = (ASKS, DELETED)) -> list[Ask]:
    """The questions written for answers, and those whose source is left out. Raises BadInput with file:line."""
    found: dict[str, Ask] = {}
    for file in files:
        for number, text in lines(file):
            line = parsed(_Line, text, f"{file.name}:{number}")
            if line.id in found:
                raise BadInput(f"{file.name}:{number}: the id {line.id!r} is already used. Give it another.")
            found[line.id] = Ask(line.id, line.user_input, line.kind, tuple(line.reference_context_ids), tuple(line.without))
    return list(found.values())


def unanswerable(cases: Sequence[RetrievalCase]) -> list[Ask]:
    """The retrieval cases that nothing in the bank answers, of the half on which refusing was not fitted."""
    return [Ask(case.id, case.user_input, case.kind) for case in cases if not case.answerable and case.held_back]


def answers(coach: Coach, questions: Mapping[str, Question], asks: Sequence[Ask], judge: Judge) -> Suite:
    """Are the answers true to the passages, complete and cited, and is what cannot be answered refused?

    `coach` should embed with `eval.once`: judge, search and metrics then share every vector.
    """
    of = {ask.id: ask for ask in asks}
    bench = _Bench(coach, questions, judge, tuple(asks))
    cases = tuple(
        Case(ask.id, ask.family, ask.user_input, ask.digest, _tags(ask, questions), held_back(ask.family)) for ask in asks
    )
    return Suite(
        "answers",
        metrics(),
        cases,
        lambda case: bench.scored(of[case.id]),
        judge.id,
        cost=lambda chosen: _cost([of[case.id] for case in chosen], questions),
    )


def metrics() -> tuple[Metric, ...]:
    ours = (
        Metric(VALIDITY, floor=1.0, tolerance=0.0),
        samples.metric(PRECISION, 0.99),
        *(samples.metric(name, _FLOORS.get(name)) for name in samples.METRICS),
        Metric(FALSE_ANSWER, Better.LOWER, floor=0.45, tolerance=0.03, worst=1.0),
        Metric(FALSE_REFUSAL, Better.LOWER, floor=0.1, tolerance=0.03, worst=1.0),
        Metric("refusal precision", gated=False, whole="refusal precision"),
        Metric("refusal recall", gated=False, whole="refusal recall"),
    )
    theirs = tuple(
        replace(samples.metric(name, gated=False), name=beside(name, system)) for system in (TOP, HALF) for name in COMPARED
    )
    return ours + theirs


def beside(metric: str, system: str) -> str:
    """The name of a metric measured on a plain alternative."""
    return f"{metric} · {system}"


@dataclass(frozen=True)
class _Bench:
    coach: Coach
    questions: Mapping[str, Question]
    judge: Judge
    asks: tuple[Ask, ...]

    def scored(self, ask: Ask) -> Scored:
        coach = self._without(ask.without) if ask.without else self._ready
        answer = coach.ask(ask.user_input)
        refused = answer.kind is AnswerKind.REFUSED
        answerable = bool(ask.answers)
        numbers = {"answerable": float(answerable), "refused": float(refused), "confidence": answer.judgement.confidence}
        evidence: dict[str, object] = {
            "kind": ask.kind,
            "answer": answer.text,
            "cited": [c.passage.heading for c in answer.citations],
        }
        if not answerable:
            return Scored({FALSE_ANSWER: float(not refused)}, numbers, evidence)
        scores: dict[str, Score] = {FALSE_REFUSAL: float(refused)}
        if not refused:
            hits = coach.search(ask.user_input, READ)
            found = samples.judged(self._sample(ask, hits, answer.text), self.judge, coach.embedder)
            scores |= {**found.scores, **cited(answer, self.judge)}
            evidence |= found.evidence
            for system, engine in self._engines.items():
                plain = samples.judged(self._sample(ask, hits, engine(ask.user_input)), self.judge, coach.embedder)
                scores |= {beside(name, system): plain.scores[name] for name in COMPARED if name in plain.scores}
        return Scored(scores, numbers, evidence)

    @cached_property
    def _ready(self) -> Coach:
        """The coach, once everything that is known beforehand has been embedded in one pass."""
        points = [p.text for ask in self.asks for id_ in ask.answers for p in self._question(id_).key_points]
        self.coach.embedder.embed([*(ask.user_input for ask in self.asks), *points])
        return self.coach

    @cached_property
    def _engines(self) -> dict[str, Callable[[str], str]]:
        return {
            TOP: baselines.query_engine(self.coach.search, self.coach.embedder),
            HALF: baselines.query_engine(self.coach.search, self.coach.embedder, half=True),
        }

    @cached_property
    def _ids(self) -> dict[str, str]:
        """Passage ids by the id of their bank question."""
        return {stored.entry.passage.place: stored.entry.passage.id for stored in self.coach.index.stored()}

    def _without(self, left_out: Sequence[str]) -> Coach:
        lost = frozenset(self._ids[place] for place in left_out if place in self._ids)
        return replace(self._ready, index=LeftOut(self.coach.index, frozenset(self._ids.values()), lost))

    def _sample(self, ask: Ask, hits: Sequence[Hit], response: str) -> Sample:
        right = [self._question(id_) for id_ in ask.answers]
        return Sample(
            ask.id,
            ask.user_input,
            retrieved_contexts=tuple(hit.passage.text for hit in hits),
            retrieved_context_ids=tuple(hit.passage.place for hit in hits),
            reference_context_ids=ask.answers,
            response=response,
            reference="\n\n".join(question.answer for question in right),
            reference_claims=tuple(point.text for point in right[0].key_points),
        )

    def _question(self, id_: str) -> Question:
        if id_ not in self.questions:
            raise BadInput(f"A case expects the question {id_}, which is not in the bank. Mend eval/cases/{ASKS.name}.")
        return self.questions[id_]


def cited(answer: Answer, judge: Judge) -> dict[str, Score]:
    """Is every quote in its passage, and does the passage say the sentence it is cited for?

    A citation of nothing supports nothing.
    """
    found = [find_quote(one.quote, one.passage.text) is not None for one in answer.citations]
    said: list[bool | None] = []
    for sentence, numbers in _marked(answer.text):
        passages = [answer.citations[n - 1].passage.text if 1 <= n <= len(answer.citations) else "" for n in numbers]
        said += [verdict.holds for row in judge.entail(claims(sentence), passages) for verdict in row] if passages else []
    return {VALIDITY: citation_validity(found), PRECISION: citation_precision(said)}


def _marked(text: str) -> list[tuple[str, list[int]]]:
    """Each sentence, item, fence or table with the numbers of the citations that stand at its end, or below it."""
    found: list[tuple[str, list[int]]] = []
    for unit in units(_AFTER.sub(r"\2\1", text)):
        numbers = [int(number) for number in _MARK.findall(unit.text)]
        if found and not claims(unit.text):
            found[-1][1].extend(numbers)
        else:
            found.append((unit.text, numbers))
    return found


def _tags(ask: Ask, questions: Mapping[str, Question]) -> dict[str, str]:
    question = questions.get(ask.family)
    return {"phrasing": ask.kind, **({"topic": question.topic, "level": str(question.level)} if question else {})}


def _cost(chosen: Sequence[Ask], questions: Mapping[str, Question]) -> Cost:
    """Two calls of a language model for each of three systems, each over the reference and the passages read."""
    answered = [questions[ask.answers[0]] for ask in chosen if ask.answers and ask.answers[0] in questions]
    size = sum(len(question.answer) for question in answered) * (READ + 1) * _CALLS
    return Cost(len(answered) * _CALLS * 3, size * 3 // _CHARACTERS_PER_TOKEN)
