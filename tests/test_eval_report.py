"""A run in Markdown, HTML and JUnit, with what hostile cases say in it, and how it went over time."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.history import FILE, history, remember
from eval.metrics import Missing, Score
from eval.report import html, junit, markdown, sparkline, verdict, worst
from eval.run import Run
from eval.suite import Scored
from tests.test_cli import ROOT
from tests.test_eval_gate import measured
from tests.test_eval_run import fair, result, stepwise, toy

HOSTILE = [
    "<script>alert(1)</script>",
    "![x](https://evil.example/p.png)",
    "| a | b |\n|---|---|",
    "`code` **bold** [link](javascript:alert(1))",
    "</script><img src=x onerror=alert(1)>",
    "\x00\x08\ufffe bell \x1b[31m",
]


def hostile(folder: Path, text: str) -> Run:
    suite = toy(lambda _: Scored({"good": 0.0}, evidence={"said": text, "claims": [{"claim": text, "verdict": text}]}))
    cases = tuple(case.__class__(text, case.family, text, case.digest, {"topic": text}) for case in suite.cases[:1])
    return measured(folder, suite.__class__("toy", suite.metrics, cases, suite.score, judge=text))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_case_says_is_data_in_every_format(tmp_path: Path, text: str) -> None:
    found = hostile(tmp_path, text)
    page = html(found)
    assert page.count("<script>") == page.count("</script>") == 1
    assert not re.search(r"<img|<link|<iframe|url\(|@import", page)
    assert not re.search(r"(?<!\\)(<script|<img|\]\()", markdown(found))
    ET.fromstring(junit(found))


@given(st.text())
def test_junit_is_xml_whatever_is_in_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    clean = text.encode("utf-8", "replace").decode()
    ET.fromstring(junit(hostile(tmp_path_factory.mktemp("junit"), clean or "x")))


def test_junit_tells_bad_from_unjudged_from_undefined(tmp_path: Path) -> None:
    scores: dict[str, Score] = {"c00": 0.0, "c01": Missing.ERROR, "c02": Missing.UNDEFINED}
    suite = ET.fromstring(junit(measured(tmp_path, toy(stepwise(scores), 100)))).find("testsuite[@name='toy/good']")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "101",
        "failures": "0",
        "errors": "1",
        "skipped": "1",
    }


def test_a_failed_gate_is_a_failure_and_one_not_measured_an_error(tmp_path: Path) -> None:
    failed = ET.fromstring(junit(measured(tmp_path / "bad", toy(stepwise({f"c{n:02}": 0.0 for n in range(20)})))))
    broken = ET.fromstring(junit(measured(tmp_path / "broken", toy(stepwise({f"c{n:02}": Missing.ERROR for n in range(20)})))))
    assert failed.find("testsuite[@name='toy/good']/testcase[@name='gate']/failure") is not None
    assert broken.find("testsuite[@name='toy/good']/testcase[@name='gate']/error") is not None


def test_the_page_shows_value_interval_gate_slices_worst_cases_and_evidence(tmp_path: Path) -> None:
    found = measured(tmp_path, toy(fair))
    page = html(found)
    for said in ("toy/good", "0.800", "c05", "What is 5?", "sailing", "tea", "PASSED", "half within"):
        assert said in page


def test_the_page_asks_nothing_of_anybody(tmp_path: Path) -> None:
    page = html(measured(tmp_path, toy(fair)))
    assert "default-src 'none'" in page
    assert "https://" not in page
    assert "http://" not in page


def test_the_worst_come_first_and_what_could_not_be_judged_before_them(tmp_path: Path) -> None:
    scores: dict[str, Score] = {"c04": 0.5, "c05": 0.0, "c06": Missing.ERROR, "c07": Missing.UNDEFINED}
    found = measured(tmp_path, toy(stepwise(scores), 100))
    assert [row.id for row in worst(found, result(found))] == ["c06", "c05", "c04"]


def test_a_failing_run_names_its_metric_first(tmp_path: Path) -> None:
    found = measured(tmp_path, toy(stepwise({f"c{n:02}": 0.0 for n in range(20)})))
    assert verdict(found) == "FAILED: toy/good."
    assert markdown(found).splitlines()[2] == "**FAILED: toy/good.**"


def test_a_history_draws_only_runs_of_the_same_cases_and_models(tmp_path: Path) -> None:
    for number, bad in enumerate((0, 4, 8)):
        remember(tmp_path, measured(tmp_path / str(number), toy(stepwise({f"c{n:02}": 0.0 for n in range(bad)}))))
    remember(tmp_path, measured(tmp_path / "other", toy(fair), setup={"embedder": "other"}))
    with (tmp_path / FILE).open("a") as file:
        file.write('torn {"\n[]\n{}\n')
    assert len(history(tmp_path)) == 4
    assert "█▅▁" in markdown(measured(tmp_path / "now", toy(fair)), history(tmp_path))


@given(st.lists(st.floats(0, 1), max_size=40))
def test_a_sparkline_has_a_bar_a_value_up_to_twenty(values: list[float]) -> None:
    assert len(sparkline(values)) == (min(20, len(values)) if len(values) > 1 else 0)


def test_the_workflow_for_other_repositories_is_valid() -> None:
    check_jsonschema = pytest.importorskip("check_jsonschema")
    code = check_jsonschema.main(
        ["--builtin-schema", "vendor.github-workflows", str(ROOT / "docs" / "github-workflow.yml")], standalone_mode=False
    )
    assert not code
