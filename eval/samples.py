"""A question, what was retrieved and what was answered become scores, by a judge. Field names are ragas's.

Every line with some of these fields is scored on the metrics whose fields it has, so that answers of any system can be
measured and ours can be measured elsewhere. `reference_claims` is our own: what a right answer says, point by point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from coach.errors import BadInput
from coach.ports import Embedder
from eval.cases import lines, parsed
from eval.judge import Judge, Verdict, claims, holding
from eval.metrics import (
    Id,
    Score,
    answer_coverage,
    answer_relevancy,
    claim_precision,
    claim_recall,
    claim_scores,
    context_precision,
    factual_correctness,
    faithfulness,
    id_based_context_precision,
    id_based_context_recall,
    relevant_contexts,
    semantic_similarity,
)
from eval.suite import Better, Case, Metric, Scored, Suite, hashed

_CURE = "Each line is an object with user_input, response, retrieved_contexts, reference or others of ragas's fields."

# Lower is better in these.
_LOWER = frozenset({"hallucination", "noise from relevant", "noise from irrelevant"})
# These need no judge.
_UNJUDGED = frozenset({"answer relevancy", "semantic similarity", "id context precision", "id context recall"})
METRICS = (
    "faithfulness",
    "claim precision",
    "answer coverage",
    "factual correctness",
    "context precision",
    "claim recall",
    "context utilization",
    "hallucination",
    "self-knowledge",
    "noise from relevant",
    "noise from irrelevant",
    "answer relevancy",
    "semantic similarity",
    "id context precision",
    "id context recall",
)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = ""
    user_input: str = Field(min_length=1)
    retrieved_contexts: tuple[str, ...] | None = None
    reference_contexts: tuple[str, ...] | None = None
    retrieved_context_ids: tuple[Id, ...] | None = None
    reference_context_ids: tuple[Id, ...] | None = None
    response: str | None = None
    reference: str | None = None
    reference_claims: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer with all that is known about it; None where nothing is known.

    Without `reference_claims` the sentences of the `reference` are the claims, and without that those of the
    `reference_contexts`.
    """

    id: str
    user_input: str
    retrieved_contexts: tuple[str, ...] | None = None
    reference_contexts: tuple[str, ...] | None = None
    retrieved_context_ids: tuple[Id, ...] | None = None
    reference_context_ids: tuple[Id, ...] | None = None
    response: str | None = None
    reference: str | None = None
    reference_claims: tuple[str, ...] | None = None

    @property
    def expected(self) -> str | None:
        """The text that a right answer may say anything of."""
        parts = [self.reference or "", *(self.reference_contexts or ()), *(self.reference_claims or ())]
        return "\n\n".join(part for part in parts if part) or None

    @property
    def points(self) -> tuple[str, ...]:
        """What a right answer says."""
        if self.reference_claims is not None:
            return self.reference_claims
        told = self.reference if self.reference is not None else "\n\n".join(self.reference_contexts or ())
        return tuple(claims(told))


@dataclass(frozen=True, slots=True)
class Judged:
    """A sample's scores and, for a reader, each claim with what was made of it."""

    scores: Mapping[str, Score]
    evidence: Mapping[str, object] = field(default_factory=dict)


def load(file: Path) -> list[Sample]:
    """The samples of a JSONL file. Raises BadInput with file:line for a line that is none, or an id used twice."""
    found: dict[str, Sample] = {}
    for number, text in lines(file):
        where = f"{file.name}:{number}"
        line = parsed(_Line, text, where, _CURE)
        id_ = line.id or f"{file.stem}-{number}"
        if id_ in found:
            raise BadInput(f"{where}: the id {id_!r} is already used. Give it another.")
        found[id_] = Sample(**line.model_dump() | {"id": id_})
    if not found:
        raise BadInput(f"{file} has no line in it. {_CURE}")
    return list(found.values())


def judged(sample: Sample, judge: Judge, embedder: Embedder) -> Judged:
    """All that can be told of a sample. Two calls of the judge: the answer's claims, and the reference's."""
    contexts, response, expected = sample.retrieved_contexts, sample.response, sample.expected
    said = claims(response) if response is not None else []
    points = sample.points if expected is not None else ()
    told = _table(judge, said, [*_one(expected), *(contexts or ())])
    wanted = _table(judge, points, [*_one(response), *(contexts or ())])
    in_reference, in_contexts = _split(told, expected is not None)
    in_answer, recalled = _split(wanted, response is not None)
    scores: dict[str, Score] = {}
    if contexts is not None and expected is not None and response is not None:
        scores |= claim_scores(_rows(in_contexts), holding(in_reference), _rows(recalled), holding(in_answer))
    elif contexts is not None and response is not None:
        scores["faithfulness"] = faithfulness(_rows(in_contexts))
    elif contexts is not None and expected is not None:
        scores["claim recall"] = claim_recall(_rows(recalled))
        scores["context precision"] = context_precision(relevant_contexts(_rows(recalled)))
    elif response is not None and expected is not None:
        scores["claim precision"] = claim_precision(holding(in_reference))
        scores["answer coverage"] = answer_coverage(holding(in_answer))
        scores["factual correctness"] = factual_correctness(holding(in_reference), holding(in_answer))
    evidence = {
        "claims": _shown(said, in_contexts, in_reference),
        "points": _shown(points, recalled, in_answer),
        "judged by": sorted({verdict.by for row in (*told, *wanted) for verdict in row}),
    }
    return Judged(scores | _unjudged(sample, embedder), evidence)


def suite(samples: Sequence[Sample], judge: Judge, embedder: Embedder) -> Suite:
    """Somebody's answers, scored on the metrics they have the fields for. There is no floor to pass."""
    of = {sample.id: sample for sample in samples}

    def score(case: Case) -> Scored:
        sample = of[case.id]
        found = judged(sample, judge, embedder)
        return Scored(found.scores, evidence={"response": sample.response or "", **found.evidence})

    cases = tuple(Case(one.id, one.id, one.user_input, hashed([one.user_input, one.expected, one.points])) for one in samples)
    return Suite("dataset", metrics(), cases, score, judge.id)


def metrics() -> tuple[Metric, ...]:
    """What samples can be scored on."""
    return tuple(metric(name) for name in METRICS)


def metric(name: str, floor: float | None = None, *, gated: bool = True) -> Metric:
    lower = name in _LOWER
    better = Better.LOWER if lower else Better.HIGHER
    return Metric(name, better, floor, worst=float(lower), judged=name not in _UNJUDGED, gated=gated)


def _unjudged(sample: Sample, embedder: Embedder) -> dict[str, Score]:
    """Relevancy is the cosine of the question and the whole response: without a model nobody generates questions from it."""
    scores: dict[str, Score] = {}
    texts = [sample.user_input, sample.response or "", sample.reference or ""]
    if sample.response is not None and claims(sample.response):
        asked, response, reference = embedder.embed(texts)
        scores["answer relevancy"] = answer_relevancy([max(0.0, float(asked @ response))])
        if sample.reference is not None:
            scores["semantic similarity"] = semantic_similarity(response.tolist(), reference.tolist())
    if sample.retrieved_context_ids is not None and sample.reference_context_ids is not None:
        ids = sample.retrieved_context_ids, sample.reference_context_ids
        scores["id context precision"] = id_based_context_precision(*ids)
        scores["id context recall"] = id_based_context_recall(*ids)
    return scores


def _one(text: str | None) -> list[str]:
    return [] if text is None else [text]


def _table(judge: Judge, claimed: Sequence[str], texts: Sequence[str]) -> list[list[Verdict]]:
    return judge.entail(claimed, texts) if claimed and texts else [[] for _ in claimed]


def _split(table: list[list[Verdict]], first: bool) -> tuple[list[Verdict], list[list[Verdict]]]:
    """The first column, if there is one, and the rest."""
    return ([row[0] for row in table], [row[1:] for row in table]) if first else ([], table)


def _rows(table: Sequence[Sequence[Verdict]]) -> list[list[bool | None]]:
    return [holding(row) for row in table]


def _shown(claimed: Sequence[str], rest: Sequence[Sequence[Verdict]], against: Sequence[Verdict]) -> list[dict[str, object]]:
    """Each claim with what the contexts make of it, and what the reference or the answer does."""
    shown: list[dict[str, object]] = []
    for row, (claim, verdicts) in enumerate(zip(claimed, rest, strict=True)):
        best = next((verdict for verdict in verdicts if verdict.holds), None)
        shown.append({"claim": claim, "in contexts": [str(verdict.ruling) for verdict in verdicts]})
        if best:
            shown[-1] |= {"quote": best.quote, "why": best.why}
        if against:
            shown[-1] |= {"elsewhere": str(against[row].ruling), "why there": against[row].why}
    return shown
