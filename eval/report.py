"""A run becomes Markdown for a job summary, one HTML file to read, or JUnit. Knows no disk but its template's.

What cases, passages and models say is data in all three: escaped, cut to size, and without a script or a remote thing of its own.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import inf
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from coach.render import escaped
from coach.text import clean, shortened
from eval.journal import Kept
from eval.metrics import Missing, Score
from eval.run import TOTAL, Change, Gate, Result, Run, Slice
from eval.stats import Status
from eval.suite import Better

WORST = 5
CHANGES = 20
_TEMPLATES = Path(__file__).with_name("templates")
_SIGNS = {Status.PASS: "✓", Status.FAIL: "✗", Status.WARN: "!", Status.NOT_MEASURED: "?", Status.UNDEFINED: "·"}
_BARS = "▁▂▃▄▅▆▇█"
# What XML 1.0 has no way to say.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

History = Sequence[Mapping[str, Any]]


def verdict(run: Run) -> str:
    """One sentence on how the run ended."""
    of = {status: [gate.name for gate in run.gates if gate.status is status] for status in Status}
    if of[Status.FAIL]:
        return f"FAILED: {', '.join(of[Status.FAIL])}."
    if of[Status.NOT_MEASURED]:
        return f"NOT MEASURED: {', '.join(of[Status.NOT_MEASURED])}."
    warned = f" Worse, but it may be chance: {', '.join(of[Status.WARN])}." if of[Status.WARN] else ""
    alone = "" if any(gate.pairs for gate in run.gates) else " Nothing to compare with: only floors and must-cases were held."
    return f"PASSED: {len(of[Status.PASS])} metrics.{warned}{alone}"


def shown(value: Score | None) -> str:
    """A score in three decimals, or in words."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, Missing) else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:.2f}, {high:.2f}]"


def change(gate: Gate) -> str:
    if gate.change is None:
        return "–"
    span = "" if gate.low is None or gate.high is None else f" [{gate.low:+.3f}, {gate.high:+.3f}]"
    return f"{gate.change:+.3f}{span}"


def sparkline(values: Sequence[float]) -> str:
    """The last twenty values as a line of bars, from the lowest to the highest of them."""
    values = values[-20:]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = (high - low) / (len(_BARS) - 1)
    return "".join(_BARS[round((value - low) / step)] if step else _BARS[3] for value in values)


def worst(run: Run, result: Result, count: int = WORST) -> list[Kept]:
    """The cases that pull a metric down most, those that could not be judged first; none that is as good as the best."""
    sign = -1.0 if result.better is Better.LOWER else 1.0
    scored = [(row, row.scores.get(result.metric)) for row in run.of(result.suite)]
    ranks = [(row, sign * value) for row, value in scored if isinstance(value, float)]
    best = max((rank for _, rank in ranks), default=0.0)
    bad = [(row, rank) for row, rank in ranks if rank < best]
    bad += [(row, -inf) for row, value in scored if value is Missing.ERROR]
    return [row for row, _ in sorted(bad, key=lambda pair: (pair[1], pair[0].id))[:count]]


def told(result: Result) -> str:
    """How many of how many cases, and what became of the rest."""
    rest = [f"{count} {word}" for count, word in ((result.undefined, "undefined"), (result.errors, "errors")) if count]
    return f"{result.n}/{result.total}" + (f" ({', '.join(rest)})" if rest else "")


def markdown(run: Run, history: History = ()) -> str:
    """What fits a job summary."""
    return "\n\n".join(_blocks(run, history)) + "\n"


def html(run: Run, history: History = ()) -> str:
    """One file that asks nothing of any server. Its only script sorts and filters the tables of cases."""
    script = (_TEMPLATES / "sort.js").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _template().render(run=run, trends=_trends(run, history), script=Markup(script), allowed=allowed)  # noqa: S704 our own file


def junit(run: Run) -> bytes:
    """A suite a metric, a case a case. Failure is bad quality, error what could not be judged, skipped what is undefined."""
    root = ET.Element("testsuites", name="coach eval")
    gates = {gate.name: gate for gate in run.gates}
    for result in run.metrics:
        suite = ET.SubElement(root, "testsuite", name=result.name)
        _gate_case(suite, result, gates.get(result.name))
        if not result.whole:
            for row in run.of(result.suite):
                if result.metric in row.scores:
                    _case(suite, result, row)
        for count, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            suite.set(count, str(len(suite.findall(f"testcase/{tag}"))))
        suite.set("tests", str(len(suite)))
    ET.indent(root)
    found: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return found


def _gate_case(suite: ET.Element, result: Result, gate: Gate | None) -> None:
    case = ET.SubElement(suite, "testcase", name="gate", classname=_xml(result.name))
    if gate and gate.status is Status.FAIL:
        ET.SubElement(case, "failure", message=_xml(gate.why), type="gate")
    if gate and gate.status is Status.NOT_MEASURED:
        ET.SubElement(case, "error", message=_xml(gate.why), type="not measured")


def _case(suite: ET.Element, result: Result, row: Kept) -> None:
    case = ET.SubElement(suite, "testcase", name=_xml(row.id), classname=_xml(result.name))
    value = row.scores[result.metric]
    if value is Missing.UNDEFINED:
        ET.SubElement(case, "skipped", message="undefined: nothing to measure")
    elif value is Missing.ERROR:
        ET.SubElement(case, "error", message=_xml(row.error or "could not be judged"), type="not judged")
    elif row.must and result.gated and value != (0.0 if result.better is Better.LOWER else 1.0):
        ET.SubElement(case, "failure", message=f"must pass, got {shown(value)}", type="must")
    ET.SubElement(case, "system-out").text = _xml(f"{shown(value)}  {row.text}")


def _xml(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _blocks(run: Run, history: History) -> Iterator[str]:
    yield "# Evaluation"
    yield f"**{escaped(verdict(run))}**"
    yield escaped(about(run))
    yield _metrics(run, _trends(run, history))
    trouble = [gate for gate in run.gates if gate.status in {Status.FAIL, Status.NOT_MEASURED, Status.WARN}]
    if trouble:
        yield "\n".join(f"- {gate.status}: {escaped(gate.name)}: {escaped(gate.why)}" for gate in trouble)
    if run.changes:
        yield f"## Cases that changed ({len(run.changes)})"
        yield "\n".join(_changed(one) for one in run.changes[:CHANGES])
    yield "## Worst cases"
    for result in run.metrics:
        rows = [] if result.whole else worst(run, result, 3)
        if rows:
            yield f"**{escaped(result.name)}**"
            yield "\n".join(_bad(result, row) for row in rows)
    yield from _sliced(run)
    if any(one.self_test for one in run.suites.values()):
        yield "## How far the judge can be trusted"
        yield "\n".join(
            f"- {escaped(one.judge)}: " + ", ".join(f"{escaped(kind)} {share:.0%}" for kind, share in one.self_test.items())
            for one in run.suites.values()
            if one.self_test
        )


def about(run: Run) -> str:
    """What was measured with what, in one line."""
    suites = ", ".join(f"{name} {one.n} ({one.sha256[:8]})" for name, one in run.suites.items())
    judges = ", ".join(sorted({one.judge for one in run.suites.values() if one.judge})) or "none"
    seconds = sum(stages[TOTAL]["sum"] for stages in run.volatile.get("seconds", {}).values() if TOTAL in stages)
    setup = ", ".join(f"{name} {value}" for name, value in run.setup.items())
    return f"Cases: {suites}. Judge: {judges}. With {setup}. {seconds:.0f} s."


def _metrics(run: Run, trends: Mapping[str, str]) -> str:
    gates = {gate.name: gate for gate in run.gates}
    rows = []
    for result in run.metrics:
        gate = gates.get(result.name)
        rows.append(
            (
                escaped(result.name),
                told(result),
                f"{shown(result.value)} {interval(result.low, result.high)}".strip(),
                shown(gate.baseline) if gate else "–",
                change(gate) if gate else "–",
                shown(gate.p) if gate else "–",
                shown(gate.detectable) if gate else "–",
                f"{_SIGNS[gate.status]} {gate.status}" if gate and gate.status else "–",
                trends.get(result.name, ""),
            )
        )
    return _table(("metric", "n", "value [95 %]", "baseline", "change", "p (Holm)", "would notice", "gate", "so far"), rows)


def _sliced(run: Run) -> Iterator[str]:
    """Each suite's first metric by each tag, worst first."""
    for suite in run.suites:
        first = next((result for result in run.metrics if result.suite == suite and not result.whole), None)
        for tag, parts in slices(run, suite).items():
            if first and (own := [part for part in parts if part.metric == first.metric]) and len(own) > 1:
                yield f"## {escaped(first.name)} by {escaped(tag)}"
                ordered = sorted(own, key=lambda part: part.mean, reverse=first.better is Better.LOWER)
                yield _table((tag, "cases", first.metric), [(escaped(p.of), str(p.n), f"{p.mean:.3f}") for p in ordered])


def slices(run: Run, suite: str) -> dict[str, list[Slice]]:
    """The slices of a suite by tag."""
    found: dict[str, list[Slice]] = {}
    for part in run.slices:
        if part.suite == suite:
            found.setdefault(part.tag, []).append(part)
    return found


def _changed(one: Change) -> str:
    return f"- {escaped(one.id)}: {escaped(one.metric)} {shown(one.before)} → {shown(one.after)}"


def _bad(result: Result, row: Kept) -> str:
    return f"- {escaped(row.id)} at {shown(row.scores[result.metric])}: {escaped(shortened(row.text, 160))}"


def _trends(run: Run, history: History) -> dict[str, str]:
    """A sparkline a metric, over the runs of the same cases with the same setup and judge."""
    alike = [line for line in history if line["setup"] == dict(run.setup)]
    found = {}
    for result in run.metrics:
        suite = run.suites[result.suite]
        same = [line for line in alike if line["suites"].get(result.suite) == [suite.judge, suite.sha256]]
        values = [line["metrics"].get(result.name) for line in same]
        found[result.name] = sparkline([value for value in values if isinstance(value, float)])
    return found


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    words = (about, change, interval, shown, shortened, slices, told, verdict, worst)
    environment.globals |= {word.__name__: word for word in words} | {"SIGNS": _SIGNS}
    return environment.get_template("run.html")
