"""Suites become a run: every case scored and kept as it comes, then metrics with intervals, slices, work and time.

Two runs of the same code over the same cases differ in nothing but `volatile`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from coach.errors import BadInput, CoachError, StorageError
from coach.ports import Progress
from eval import whole
from eval.journal import Journal, Kept, kept, measured_in
from eval.metrics import Missing, Score
from eval.stats import ERROR_LIMIT, Status, summary
from eval.suite import Better, Case, Metric, Scored, Suite

# Raised when run.json changes its shape.
SCHEMA = 1

RUN, CASES = "run.json", "cases.jsonl"
TOTAL = "total"
_CODE = {"coach": ("*.py", "*.json", "*.npz"), "ingest": ("*.py",), "eval": ("*.py",)}


@dataclass(frozen=True, slots=True)
class Measured:
    """A suite as it was run: its judge and how far that can be trusted, how many cases, and a hash of them."""

    judge: str
    n: int
    sha256: str
    self_test: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """A metric of a run, over the `total` cases that it concerns, as `stats.Summary` has it."""

    suite: str
    metric: str
    better: Better
    value: Score
    low: float | None
    high: float | None
    n: int
    total: int
    undefined: int
    errors: int
    floor: float | None = None
    tolerance: float = 0.0
    worst: float = 0.0
    judged: bool = False
    gated: bool = True
    whole: str = ""

    @property
    def name(self) -> str:
        return f"{self.suite}/{self.metric}"


@dataclass(frozen=True, slots=True)
class Slice:
    """The mean of a metric over the cases with one tag, for instance topic: rag."""

    suite: str
    metric: str
    tag: str
    of: str
    n: int
    mean: float


@dataclass(frozen=True, slots=True)
class Change:
    """A case whose score is not what it was."""

    suite: str
    metric: str
    id: str
    before: Score
    after: Score


@dataclass(frozen=True, slots=True)
class Gate:
    """What a metric's gate says and why, beside its baseline if there is a comparable one. No `status`: it has no gate.

    `change` is the mean of the paired differences over `pairs` cases, its interval `low` to `high`; `p` is corrected for the
    number of metrics; `detectable` is the change that these cases would show four times out of five.
    """

    suite: str
    metric: str
    status: Status | None
    why: str = ""
    baseline: float | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    detectable: float | None = None
    pairs: int = 0

    @property
    def name(self) -> str:
        return f"{self.suite}/{self.metric}"


@dataclass(frozen=True, slots=True)
class Run:
    """Everything about a run. `setup` is what must be equal for numbers to be compared: embedder and writer.

    `volatile` is what differs between two equal runs: when, which commit, how long.
    """

    schema: int
    setup: Mapping[str, str]
    suites: Mapping[str, Measured]
    metrics: tuple[Result, ...]
    slices: tuple[Slice, ...] = ()
    gates: tuple[Gate, ...] = ()
    changes: tuple[Change, ...] = ()
    usage: Mapping[str, int] = field(default_factory=dict)
    cases: tuple[Kept, ...] = ()
    volatile: Mapping[str, Any] = field(default_factory=dict)

    def of(self, suite: str) -> list[Kept]:
        return [row for row in self.cases if row.suite == suite]


_RUN = TypeAdapter(Run)
_ROWS = TypeAdapter(tuple[Kept, ...])


def identity(suites: Sequence[Suite], setup: Mapping[str, str]) -> dict[str, object]:
    """What makes a run this one: the first line of its journal."""
    measured = {suite.name: {"judge": suite.judge, "cases": len(suite.cases), "sha256": suite.digest} for suite in suites}
    return {"schema": SCHEMA, "setup": dict(setup), "code": code(), "suites": measured}


def unfinished(runs: Path, measured: Mapping[str, object]) -> Path | None:
    """The newest folder in `runs` with a journal of just this and no result yet."""
    folders = sorted((file.parent for file in runs.glob(f"*/{CASES}")), reverse=True)
    return next((f for f in folders if not (f / RUN).exists() and measured_in(f / CASES) == measured), None)


def run(suites: Sequence[Suite], setup: Mapping[str, str], folder: Path, progress: Progress | None = None) -> Run:
    """Score what is not yet scored in `folder`, and sum up. Raises BadInput, StorageError."""
    journal = Journal.open(folder / CASES, identity(suites, setup))
    try:
        for suite in suites:
            for case in suite.cases:
                if (suite.name, case.id) not in journal.done:
                    journal.add(_scored(suite, case))
                if progress:
                    progress(1)
        rows = [journal.done[suite.name, case.id] for suite in suites for case in suite.cases]
    finally:
        journal.close()
    return summed_up(suites, setup, rows)


def summed_up(suites: Sequence[Suite], setup: Mapping[str, str], rows: Sequence[Kept]) -> Run:
    """The run that these scored cases are."""
    of = {suite.name: [row for row in rows if row.suite == suite.name] for suite in suites}
    return Run(
        SCHEMA,
        dict(setup),
        {
            suite.name: Measured(suite.judge, len(suite.cases), suite.digest, dict(suite.self_test() if suite.self_test else {}))
            for suite in suites
        },
        tuple(_result(suite.name, metric, of[suite.name]) for suite in suites for metric in suite.metrics),
        tuple(part for suite in suites for part in _slices(suite, of[suite.name])),
        usage=dict(sorted(sum((Counter(row.counts) for row in rows), Counter()).items())),
        cases=tuple(replace(row, seconds={}) for row in rows),
        volatile={"code": code(), "seconds": _times(of)},
    )


def save(run: Run, file: Path) -> None:
    """A line a case, so that a difference can be read. Raises StorageError."""
    head = _RUN.dump_python(replace(run, cases=()), mode="json")
    del head["cases"]
    rows = ",\n  ".join(
        json.dumps(row, ensure_ascii=False) for row in _ROWS.dump_python(run.cases, mode="json", exclude_defaults=True)
    )
    opening = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    try:
        file.write_text(f'{opening},\n "cases": [\n  {rows}\n ]\n}}\n', encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}. Choose another folder with --out.") from error


def load(path: Path) -> Run:
    """A run from its folder or its file. Raises BadInput."""
    file = path / RUN if path.is_dir() else path
    try:
        found = _RUN.validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(f"There is no run at {path} ({error.strerror}). Give the folder of one, or its {RUN}.") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"]))
        raise BadInput(f"{file} is no run that this version reads: {where} {problem['msg']}. Measure again.") from error
    if found.schema != SCHEMA:
        raise BadInput(f"{file} has format {found.schema}; this version reads {SCHEMA}. Measure again.")
    return found


def exit_code(run: Run) -> int:
    """0 passed, 1 a gate failed, 3 something gated could not be measured, or nothing could."""
    found = {gate.status for gate in run.gates}
    if Status.FAIL in found:
        return 1
    return 3 if Status.NOT_MEASURED in found or not run.cases else 0


def code() -> str:
    """A hash of the code that measures and is measured."""
    root = Path(__file__).resolve().parent.parent
    found = hashlib.sha256()
    for package, patterns in _CODE.items():
        for file in sorted(file for pattern in patterns for file in (root / package).rglob(pattern)):
            found.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def _scored(suite: Suite, case: Case) -> Kept:
    began = perf_counter()
    try:
        scored, error = suite.score(case), ""
    except CoachError as failed:
        scored, error = (
            Scored(dict.fromkeys((metric.name for metric in suite.metrics if not metric.whole), Missing.ERROR)),
            str(failed),
        )
    took = {**scored.seconds, TOTAL: perf_counter() - began}
    return kept(suite.name, case, replace(scored, seconds=took), error)


def _result(suite: str, metric: Metric, rows: Sequence[Kept]) -> Result:
    if metric.whole:
        value, low, high, counts = _of_all(metric, rows)
    else:
        own = [row for row in rows if metric.name in row.scores]
        found = summary([row.scores[metric.name] for row in own], [row.family for row in own], metric.worst)
        value, low, high = found.value, found.low, found.high
        counts = (found.n, found.total, found.undefined, found.errors)
    return Result(
        suite,
        metric.name,
        metric.better,
        value,
        low,
        high,
        *counts,
        metric.floor,
        metric.tolerance,
        metric.worst,
        metric.judged,
        metric.gated,
        metric.whole,
    )


def _of_all(metric: Metric, rows: Sequence[Kept]) -> tuple[Score, float | None, float | None, tuple[int, int, int, int]]:
    """A whole-set metric, of all cases that could be scored, if they are enough."""
    scored = [row for row in rows if row.numbers]
    errors = sum(bool(row.error) for row in rows)
    numbers, families = [row.numbers for row in scored], [row.family for row in scored]
    value = Missing.ERROR if errors > ERROR_LIMIT * len(rows) else whole.value(metric.whole, numbers)
    span = whole.interval(metric.whole, numbers, families) if isinstance(value, float) else None
    low, high = span or (None, None)
    return value, low, high, (len(scored), len(rows), 0, errors)


def _slices(suite: Suite, rows: Sequence[Kept]) -> Iterator[Slice]:
    for metric in suite.metrics:
        groups: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            value = row.scores.get(metric.name)
            if isinstance(value, float):
                for tag, of in row.tags.items():
                    groups[tag, of].append(value)
        for (tag, of), values in sorted(groups.items()):
            yield Slice(suite.name, metric.name, tag, of, len(values), float(np.mean(values)))


def _times(of: Mapping[str, Sequence[Kept]]) -> dict[str, dict[str, dict[str, float]]]:
    """By suite and stage: how often, the median and the 95th percentile of seconds, and their sum."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for suite, rows in of.items():
        stages: defaultdict[str, list[float]] = defaultdict(list)
        for row in rows:
            for stage, took in row.seconds.items():
                stages[stage].append(took)
        found[suite] = {stage: _spread(took) for stage, took in stages.items()}
    return found


def _spread(took: Sequence[float]) -> dict[str, float]:
    half, most = np.percentile(took, [50, 95])
    return {"n": len(took), "p50": float(half), "p95": float(most), "sum": float(sum(took))}
