"""`coach eval run` and its relatives, run as a person runs them: what they leave, and every exit code."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.llm_server import Exchange, reply, scripted
from tests.material import write_corpus
from tests.test_cli import coach
from tests.test_eval_gate import ASPECTS

RUN = ("eval", "run", "retrieval", "--dataset")


@dataclass(frozen=True)
class Place:
    """A home with an index of the tea material, and a dataset about it."""

    home: Path
    corpus: Path
    asked: Path

    def coach(self, *args: str) -> subprocess.CompletedProcess[str]:
        return coach(*args, corpus=self.corpus, COACH_HOME=str(self.home))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("place")
    found = Place(folder / "home", write_corpus(folder / "corpus"), folder / "asked.jsonl")
    assert found.coach("ingest").returncode == 0
    lines = [
        {"id": f"{id_}-{n}", "user_input": text, "reference_context_ids": [id_], "kind": "aspect"}
        for id_, texts in ASPECTS.items()
        for n, text in enumerate(texts)
    ]
    found.asked.write_text("\n".join(map(json.dumps, lines)))
    return found


def test_a_run_leaves_everything_and_passes_beside_itself(place: Place, tmp_path: Path) -> None:
    one, other, summary = tmp_path / "one", tmp_path / "other", tmp_path / "summary.md"
    summary.write_text("before\n")
    first = place.coach(*RUN, str(place.asked), "--out", str(one), "--md", str(summary))
    assert first.returncode == 0, first.stderr
    assert sorted(file.name for file in one.iterdir()) == ["cases.jsonl", "junit.xml", "report.html", "report.md", "run.json"]
    assert summary.read_text().startswith("before\n# Evaluation")
    second = place.coach(*RUN, str(place.asked), "--out", str(other), "--baseline", str(one))
    assert second.returncode == 0
    assert "PASSED: 4 metrics." in second.stdout
    plain = [json.loads((folder / "run.json").read_text()) for folder in (one, other)]
    assert plain[0]["metrics"] == plain[1]["metrics"]
    assert plain[0]["cases"] == plain[1]["cases"]


def test_a_broken_floor_is_one_and_named(place: Place, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(place.asked.read_text().replace('["TE01"]', '["XX01"]'))
    done = place.coach(*RUN, str(wrong), "--out", str(tmp_path / "run"))
    assert done.returncode == 1
    assert "FAILED: retrieval/nDCG@10, retrieval/hit@1" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["run", "everything"], "There is no suite 'everything'"),
        (["run", "retrieval", "--dataset", "nowhere.jsonl"], "nowhere.jsonl cannot be read"),
        (["run", "retrieval", "--judge", "oracle"], "There is no judge 'oracle'"),
        (["run", "retrieval", "--judge", "llm"], "Set COACH_MODEL"),
        (["run", "retrieval", "--topic", "cooking"], "No case is about cooking"),
        (["run", "retrieval", "--baseline", "nowhere"], "There is no run at nowhere"),
        (["compare", "nowhere", "elsewhere"], "There is no run at elsewhere"),
    ],
)
def test_what_the_caller_got_wrong_is_two(place: Place, options: list[str], said: str) -> None:
    done = place.coach("eval", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_cannot_be_measured_is_three_and_no_regression(corpus: Path) -> None:
    done = coach("eval", "run", "retrieval", corpus=corpus)
    assert done.returncode == 3
    assert "Run: coach ingest" in done.stderr


def test_a_dry_run_counts_and_writes_nothing(place: Place, tmp_path: Path) -> None:
    done = place.coach(*RUN, str(place.asked), "--dry-run", "--out", str(tmp_path / "run"))
    assert done.returncode == 0
    assert "12" in done.stdout
    assert not (tmp_path / "run").exists()


def test_reports_are_written_anew_from_the_newest_run(place: Place) -> None:
    place.coach(*RUN, str(place.asked))
    (folder,) = (place.home / "runs").glob("*-retrieval")
    (folder / "report.html").unlink()
    assert place.coach("eval", "report").stdout.startswith("# Evaluation")
    assert (folder / "report.html").exists()


def judging(exchange: Exchange) -> None:
    """A judge that takes a claim for supported where all its words stand."""
    assert exchange.request
    data = exchange.request.body["messages"][-1]["content"]
    given = re.findall(r"^(Claim|Text) (\d+): (.*)$", data, re.MULTILINE)
    claims, texts = ({int(n): text for what, n, text in given if what == wanted} for wanted in ("Claim", "Text"))
    told = [
        {
            "claim": number,
            "supported_by": [n for n, text in texts.items() if set(claim.lower().split()) <= set(text.lower().split())],
            "contradicted_by": [],
        }
        for number, claim in claims.items()
    ]
    reply({"claims": told})(exchange)


def test_a_model_judges_once_and_its_record_says_the_same_without_it(place: Place, tmp_path: Path) -> None:
    record, answers = tmp_path / "verdicts.jsonl", tmp_path / "answers.jsonl"
    line = {
        "user_input": "Why is green tea brewed below boiling?",
        "retrieved_contexts": ["Boiling water scalds the leaves.", "Ships have sails."],
        "response": "Boiling water scalds the leaves. It tastes of salt.",
        "reference": "Boiling water scalds the leaves.",
    }
    answers.write_text(json.dumps({"id": "one", **line}))
    with scripted(*[judging] * 200, models=("small",)) as server:
        model = {"COACH_MODEL": "small", "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "key"}
        asked = ("eval", "run", "answers", "--dataset", str(answers), "--out")
        by_model = (*asked, str(tmp_path / "one"), "--judge", "llm", "--record", str(record))
        judged = coach(*by_model, corpus=place.corpus, COACH_HOME=str(place.home), **model)
    assert judged.returncode in {0, 1}, judged.stderr
    replayed = place.coach(*asked, str(tmp_path / "two"), "--judge", f"recorded:{record}")
    assert replayed.returncode == judged.returncode, replayed.stderr
    one, two = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two"))
    assert one["metrics"] == two["metrics"]
    assert one["usage"]["judge calls"] == len(server.requests) > 0
    assert "judge calls" not in two["usage"]
    assert {m["metric"]: m["value"] for m in one["metrics"]}["faithfulness"] == 0.5
