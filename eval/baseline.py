"""A run beside an earlier one becomes gates: what is worse, whether that may be chance, and what cannot be compared at all.

A baseline is a run without its texts, evidence and times. Only cases whose digest is unchanged are compared, each with itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coach.errors import BadInput
from eval import stats, whole
from eval.journal import Kept
from eval.metrics import Missing, Score
from eval.run import Change, Gate, Result, Run
from eval.stats import holm
from eval.suite import Better

FILE = Path(__file__).with_name("baseline.json")
README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- quality: coach eval baseline --write -->", "<!-- end of quality -->"
HEADLINES = {
    "retrieval/nDCG@10": "The passage that answers ranks high (nDCG@10)",
    "retrieval/hit@1": "It is the first",
    "refusal/AUROC": "Answerable told from unanswerable (AUROC)",
    "refusal/AUROC near": "The same against near misses only",
    "refusal/false answer": "Unanswerable, answered all the same",
    "refusal/false refusal": "Answerable, refused",
    "answers/citation validity": "Quotes that stand in the passage they cite",
    "answers/faithfulness": "Claims of an answer that its passages support",
    "answers/answer coverage": "Key points an answer makes, as far as a judge without a model can tell",
    "follow-ups/found": "A follow-up finds its passage",
    "grading/QWK": "Grades agree with the labelers, who are language models (quadratic weighted kappa)",
    "grading/QWK of the labelers": "The labelers agree with each other",
    "grading/error": "Mean error of a grade, of 5 points",
    "attacks/marks for nothing": "Replies without knowledge that earn marks",
    "attacks/marks for a wrong reply": "Replies made wrong that keep their marks",
    "attacks/honest reply marked down": "Honest replies in another wording, marked down",
}
# Scores are stored and compared with so many decimals.
DECIMALS = 6
# Standard errors from the middle of a 95 % interval to its end.
_REACH = 1.96


def stored(run: Run, before: Run | None = None) -> Run:
    """What of a run is kept as a baseline; suites it did not run are kept from the baseline `before`, if that can be."""
    found = replace(run, slices=(), gates=(), changes=(), usage={}, cases=tuple(map(_slim, run.cases)), volatile={})
    if before is None or before.setup != run.setup:
        return found
    suites = {**before.suites, **run.suites}
    kept = [row for row in before.cases if row.suite not in run.suites]
    results = [result for result in before.metrics if result.suite not in run.suites]
    return replace(found, suites=suites, metrics=(*results, *found.metrics), cases=(*kept, *found.cases))


def _slim(row: Kept) -> Kept:
    scores = {name: _score(value) for name, value in row.scores.items()}
    return replace(row, text="", tags={}, scores=scores, numbers=_rounded(row.numbers), evidence={}, counts={}, seconds={})


def compared(run: Run, before: Run | None) -> Run:
    """The run with a gate for each metric, and the cases that changed."""
    drafts = [_draft(result, run, before) for result in run.metrics]
    tested = [draft for draft in drafts if draft.result.gated and draft.change]
    corrected = holm([draft.change.p for draft in tested if draft.change])
    p_of = {draft.result.name: p for draft, p in zip(tested, corrected, strict=True)}
    return replace(
        run,
        gates=tuple(_gate(draft, p_of.get(draft.result.name)) for draft in drafts),
        changes=tuple(change for draft in drafts for change in draft.changes),
    )


def incomparable(result: Result, run: Run, before: Run) -> str:
    """Why a metric of two runs cannot be compared; empty if it can."""
    if result.name not in {other.name for other in before.metrics}:
        return "the baseline does not have it"
    for name in sorted(run.setup.keys() | before.setup.keys()):
        was, now = (one.setup.get(name, "unset") for one in (before, run))
        if was != now:
            return f"not compared: {name} was {was} and is {now}"
    was, now = (one.suites[result.suite].judge for one in (before, run))
    return f"not compared: the judge was {was or 'none'} and is {now or 'none'}" if result.judged and was != now else ""


@dataclass(frozen=True, slots=True)
class _Musts:
    """The must-cases of a metric that are not as they must be."""

    failed: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()


def _musts(result: Result, rows: Sequence[Kept]) -> _Musts:
    if not result.gated:
        return _Musts()
    best = 0.0 if result.better is Better.LOWER else 1.0
    scored = {row.id: row.scores.get(result.metric, best) for row in rows if row.must}
    unjudged = tuple(id_ for id_, score in scored.items() if score is Missing.ERROR)
    return _Musts(tuple(id_ for id_, score in scored.items() if score != best and id_ not in unjudged), unjudged)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A metric beside its baseline, before all are corrected for how many they are."""

    result: Result
    musts: _Musts
    note: str = ""
    baseline: float | None = None
    change: stats.Change | None = None
    changes: tuple[Change, ...] = ()


def _draft(result: Result, run: Run, before: Run | None) -> _Draft:
    rows = run.of(result.suite)
    musts = _musts(result, rows)
    if before is None or (note := incomparable(result, run, before)):
        return _Draft(result, musts, note if before else "")
    there = {row.id: row for row in before.of(result.suite)}
    pairs = [(there[row.id], row) for row in rows if row.id in there and there[row.id].digest == row.digest]
    if result.whole:
        return _whole_draft(result, musts, pairs)
    old = {row.id: _score(row.scores[result.metric]) for row, _ in pairs if result.metric in row.scores}
    new = {row.id: _score(row.scores[result.metric]) for _, row in pairs if result.metric in row.scores}
    change = stats.change(old, new, {row.id: row.family for _, row in pairs})
    if change is None:
        return _Draft(result, musts, "no case is as it was in the baseline")
    changes = tuple(
        Change(result.suite, result.metric, id_, old[id_], after)
        for id_, after in new.items()
        if id_ in old and old[id_] != after
    )
    both = [was for id_, was in old.items() if not isinstance(was, Missing) and isinstance(new.get(id_), float)]
    return _Draft(result, musts, "", sum(both) / len(both), change, changes)


def _whole_draft(result: Result, musts: _Musts, pairs: Sequence[tuple[Kept, Kept]]) -> _Draft:
    usable = [(old, new) for old, new in pairs if old.numbers and new.numbers]
    old, new, families = [a.numbers for a, _ in usable], [b.numbers for _, b in usable], [b.family for _, b in usable]
    was, now = whole.value(result.whole, old), whole.value(result.whole, new)
    if isinstance(was, Missing) or isinstance(now, Missing):
        return _Draft(result, musts, "no baseline for these cases")
    span, p = whole.change(result.whole, [_rounded(row) for row in old], [_rounded(row) for row in new], families)
    low, high = span or (None, None)
    # The interval of a difference is 1.96 standard errors to either side.
    detectable = None if span is None else stats.DETECTABLE * (span[1] - span[0]) / (2 * _REACH)
    change = stats.Change(now - was, low, high, p, len(usable), len(set(families)), detectable)
    return _Draft(result, musts, "", was, change)


def _gate(draft: _Draft, p: float | None) -> Gate:
    result, change = draft.result, draft.change
    ruling = stats.gate(
        result.value,
        floor=result.floor,
        tolerance=result.tolerance,
        lower_is_better=result.better is Better.LOWER,
        change=change,
        p=p,
        musts_failed=draft.musts.failed,
        musts_unjudged=draft.musts.unjudged,
    )
    why = "; ".join([*ruling.why, *([draft.note] if draft.note else [])])
    if change is None:
        return Gate(result.suite, result.metric, ruling.status if result.gated else None, why)
    return Gate(
        result.suite,
        result.metric,
        ruling.status if result.gated else None,
        why if result.gated else "",
        draft.baseline,
        change.value,
        change.low,
        change.high,
        change.p if p is None else p,
        # Where no case changed at all there is no spread to tell it from.
        change.detectable or None,
        change.n,
    )


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, DECIMALS) for name, value in numbers.items()}


def _score(value: Score) -> Score:
    return value if isinstance(value, Missing) else round(value, DECIMALS)


def quality_table(run: Run) -> str:
    """README's table: the headline metrics that a run has."""
    found = {result.name: result for result in run.metrics}
    rows = [_quality(found[name], said) for name, said in HEADLINES.items() if name in found]
    return "\n".join(["| measured | value | 95 % | cases |", "|---|---|---|---|", *rows])


def tell_readme(run: Run, file: Path = README) -> None:
    """Write the table anew between its marks. Raises BadInput if they are not there."""
    text = file.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise BadInput(f"{file} has no {BEGIN} followed by {END}. Put them where the table belongs.")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    file.write_text(f"{before}{BEGIN}\n{quality_table(run)}\n{END}{after}", encoding="utf-8")


def _quality(result: Result, said: str) -> str:
    value = str(result.value) if isinstance(result.value, Missing) else f"{result.value:.3f}"
    span = "" if result.low is None or result.high is None else f"{result.low:.2f} to {result.high:.2f}"
    return f"| {said} | {value} | {span} | {result.n} |"
