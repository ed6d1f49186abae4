"""Runs over toy suites: kept as they come, continued after a kill, the same twice, and told in every format."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.errors import BadInput, LLMError
from eval.baseline import compared
from eval.journal import Journal
from eval.metrics import Missing, Score
from eval.run import CASES, RUN, Result, Run, exit_code, identity, load, run, save, unfinished
from eval.stats import Status
from eval.suite import Better, Case, Metric, Scored, Suite, hashed
from tests.test_cli import ROOT

SETUP = {"embedder": "hashing", "writer": "none"}
GOOD = Metric("good", floor=0.5)
WORDS = Metric("words", Better.LOWER, worst=9.0, gated=False)


def toy(score: Callable[[Case], Scored], count: int = 20, metrics: tuple[Metric, ...] = (GOOD, WORDS)) -> Suite:
    cases = tuple(
        Case(f"c{n:02}", f"f{n // 2}", f"What is {n}?", hashed(n), {"topic": "tea" if n % 2 else "sailing"}) for n in range(count)
    )
    return Suite("toy", metrics, cases, score)


def fair(case: Case) -> Scored:
    """Four in five are good."""
    return Scored({"good": float(int(case.id[1:]) % 5 > 0), "words": 3.0}, evidence={"said": case.text}, counts={"searches": 1})


def stepwise(scores: Mapping[str, Score]) -> Callable[[Case], Scored]:
    return lambda case: Scored({"good": scores.get(case.id, 1.0)})


def done(suite: Suite, folder: Path, before: Run | None = None) -> Run:
    return compared(run([suite], SETUP, folder), before)


def result(found: Run, metric: str = "good") -> Result:
    return next(one for one in found.metrics if one.metric == metric)


def test_a_run_scores_every_case_and_sums_up(tmp_path: Path) -> None:
    found = done(toy(fair), tmp_path)
    assert result(found).value == pytest.approx(0.8)
    assert (result(found).n, result(found).total) == (20, 20)
    assert (result(found).low or 1) < 0.8 < (result(found).high or 0)
    assert result(found, "words").value == 3.0
    assert found.usage == {"searches": 20}
    assert {(part.tag, part.of, part.n) for part in found.slices} == {("topic", "tea", 10), ("topic", "sailing", 10)}
    assert exit_code(found) == 0


def test_two_runs_of_the_same_differ_only_in_what_is_volatile(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "other"):
        save(done(toy(fair), tmp_path / name), tmp_path / name / RUN)
        plain = json.loads((tmp_path / name / RUN).read_text())
        plain.pop("volatile")
        texts.append(json.dumps(plain))
    assert texts[0] == texts[1]


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    scores: dict[str, Score] = {"c00": Missing.UNDEFINED, "c01": Missing.ERROR, "c02": 1 / 3}
    found = done(toy(stepwise(scores)), tmp_path)
    save(found, tmp_path / RUN)
    assert load(tmp_path) == load(tmp_path / RUN) == found


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99}', "\x00", "null"])
def test_what_is_no_run_is_bad_input(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN).write_text(text)
    with pytest.raises(BadInput, match=re.escape(str(tmp_path))):
        load(tmp_path)
    with pytest.raises(BadInput, match="There is no run"):
        load(tmp_path / "nowhere")


def test_a_stopped_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    tried: list[str] = []

    def stopping(case: Case) -> Scored:
        tried.append(case.id)
        if len(tried) == 8:
            raise KeyboardInterrupt
        return fair(case)

    suite = toy(stopping)
    with pytest.raises(KeyboardInterrupt):
        run([suite], SETUP, tmp_path)
    found = run([suite], SETUP, tmp_path)
    assert tried == [f"c{n:02}" for n in (*range(8), *range(7, 20))]
    assert compared(found, None).metrics == done(toy(fair), tmp_path / "whole").metrics


@given(cut=st.integers(1, 400), garbage=st.binary(max_size=30))
def test_a_torn_last_line_is_cut_off_and_scored_again(tmp_path_factory: pytest.TempPathFactory, cut: int, garbage: bytes) -> None:
    folder = tmp_path_factory.mktemp("torn")
    whole = run([toy(fair)], SETUP, folder)
    lines = (folder / CASES).read_bytes()
    end = lines.rstrip(b"\n").rfind(b"\n") + 1
    (folder / CASES).write_bytes(lines[: max(end, len(lines) - cut)].rstrip(b"\n") + garbage.replace(b"\n", b""))
    again = run([toy(fair)], SETUP, folder)
    assert again.metrics == whole.metrics
    assert len((folder / CASES).read_text().splitlines()) == 21


def test_a_killed_process_loses_at_most_the_case_it_was_at(tmp_path: Path) -> None:
    code = (
        "import time; from pathlib import Path; from eval.run import run; from tests.test_eval_run import *\n"
        "def slow(case): time.sleep(0.05); return fair(case)\n"
        f"run([toy(slow, 200)], SETUP, Path({str(tmp_path)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=os.environ)
    file = tmp_path / CASES
    while not file.exists() or file.read_bytes().count(b"\n") < 6:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    tried: list[str] = []

    def noted(case: Case) -> Scored:
        tried.append(case.id)
        return fair(case)

    run([toy(noted, 200)], SETUP, tmp_path)
    assert len(tried) <= 195
    assert tried[-1] == "c199"


def test_a_journal_of_something_else_is_not_continued(tmp_path: Path) -> None:
    run([toy(fair)], SETUP, tmp_path)
    with pytest.raises(BadInput, match="other cases, other code or another model"):
        run([toy(fair, 21)], SETUP, tmp_path)
    with pytest.raises(BadInput, match="cannot be continued"):
        run([toy(fair)], {**SETUP, "embedder": "other"}, tmp_path)
    (tmp_path / CASES).write_text("no journal\n")
    with pytest.raises(BadInput, match="no record of a run"):
        run([toy(fair)], SETUP, tmp_path)


def test_only_an_unfinished_run_of_the_same_is_found_again(tmp_path: Path) -> None:
    measured = identity([toy(fair)], SETUP)
    assert unfinished(tmp_path, measured) is None
    Journal.open(tmp_path / "1-toy" / CASES, measured).close()
    Journal.open(tmp_path / "2-other" / CASES, {"schema": 1}).close()
    assert unfinished(tmp_path, measured) == tmp_path / "1-toy"
    (tmp_path / "1-toy" / RUN).write_text("{}")
    assert unfinished(tmp_path, measured) is None


def test_what_a_judge_fails_on_is_an_error_and_never_left_out(tmp_path: Path) -> None:
    def failing(case: Case) -> Scored:
        if case.id == "c00":
            raise LLMError("The model did not answer.")
        return Scored({"good": 1.0})

    found = done(toy(failing, 100), tmp_path)
    assert (result(found).n, result(found).errors, result(found).total) == (99, 1, 100)
    assert result(found).value == pytest.approx(0.99)
    assert found.cases[0].error == "The model did not answer."
    assert exit_code(found) == 0


def test_too_many_errors_are_no_measurement_and_no_regression(tmp_path: Path) -> None:
    scores: dict[str, Score] = {f"c{n:02}": Missing.ERROR for n in range(15)}
    before = done(toy(fair), tmp_path / "before")
    found = done(toy(stepwise(scores)), tmp_path / "after", before)
    assert [gate.status for gate in found.gates if gate.metric == "good"] == [Status.NOT_MEASURED]
    assert exit_code(found) == 3


def test_a_set_with_nothing_to_measure_is_undefined_and_not_zero(tmp_path: Path) -> None:
    scores: dict[str, Score] = {f"c{n:02}": Missing.UNDEFINED for n in range(20)}
    found = done(toy(stepwise(scores)), tmp_path)
    assert result(found).value is Missing.UNDEFINED
    assert (result(found).n, result(found).undefined) == (0, 20)
