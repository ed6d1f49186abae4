"""The command line, run as a person runs it: a process, its output and its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def coach(*args: str, corpus: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *args],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(corpus, **env),
        timeout=60,
        check=False,
    )


def environment(corpus: Path | None, **env: str) -> dict[str, str]:
    settings = {"COACH_EMBEDDER": "hashing", "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
    if corpus:
        settings["COACH_CORPUS"] = str(corpus)
    return {**os.environ, **settings, **env}


def test_help_teaches_the_first_steps() -> None:
    done = coach("--help")
    assert done.returncode == 0
    for word in ("app", "ask", "ingest", "check", "doctor", "eval", "Start with: coach ingest"):
        assert word in done.stdout


@pytest.mark.parametrize("command", ["app", "ask", "ingest", "check", "doctor", "eval"])
def test_every_command_explains_itself(command: str) -> None:
    done = coach(command, "--help")
    assert done.returncode == 0
    assert len(done.stdout) > 200


def test_the_way_from_a_bank_to_a_cited_answer(corpus: Path) -> None:
    built = coach("ingest", corpus=corpus)
    assert (built.returncode, built.stdout.strip()) == (
        0,
        "Indexed 3 questions: 3 added, 0 changed, 0 unchanged, 0 removed.\n  13 pieces embedded.",
    )
    answered = coach("ask", "How is green tea brewed?", corpus=corpus)
    assert answered.returncode == 0
    assert "Green tea is brewed with water well below boiling" in answered.stdout
    assert "[1] How is green tea brewed?  (bank/tea.md, TE01)" in answered.stdout
    assert "https://arxiv.org/abs/2005.11401" in answered.stdout


def test_json_holds_the_whole_answer(corpus: Path) -> None:
    coach("ingest", corpus=corpus)
    answer = json.loads(coach("ask", "--json", "How is green tea brewed?", corpus=corpus).stdout)
    assert answer["kind"] == "extracted"
    assert answer["citations"][0]["quote"] in answer["citations"][0]["passage"]["text"]


def test_a_dry_run_writes_nothing(corpus: Path, tmp_path: Path) -> None:
    done = coach("ingest", "--dry-run", corpus=corpus)
    assert done.stdout.startswith("Would index 3 questions: 3 added")
    assert not (tmp_path / "home").exists()


def expect_error(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for words in said:
        assert words in done.stderr


def test_asking_without_an_index_names_the_next_step(corpus: Path) -> None:
    expect_error(coach("ask", "what is tea", corpus=corpus), "There is no index", "Run: coach ingest")


@pytest.mark.parametrize(
    ("question", "said"),
    [("", "The question is empty"), ("🙂", "no words"), ("a" * 100_000, "2,000 is the most"), ("\x01\x02", "empty")],
    ids=["empty", "emoji", "huge", "control"],
)
def test_a_bad_question_gets_one_clear_sentence(corpus: Path, question: str, said: str) -> None:
    expect_error(coach("ask", question, corpus=corpus), said)


def test_a_broken_bank_lists_every_problem_with_its_line(corpus: Path) -> None:
    file = corpus / "bank" / "tea.md"
    file.write_text(file.read_text().replace("Level: mid", "Level: expert"))
    expect_error(coach("ingest", corpus=corpus), "bank/tea.md:5: level is 'expert'", "2 problems", "--keep-going")
    kept = coach("ingest", "--keep-going", corpus=corpus)
    assert kept.returncode == 0
    assert "Indexed 1 question:" in kept.stdout
    assert "2 problems" in kept.stdout
    checked = coach("check", corpus=corpus)
    assert checked.returncode == 1
    assert "bank/tea.md:5: level is 'expert'" in checked.stderr


def test_an_index_of_another_model_names_both_and_the_cure(corpus: Path, tmp_path: Path) -> None:
    coach("ingest", corpus=corpus)
    (about,) = (tmp_path / "home" / "index").glob("build-*/about.json")
    about.write_text(about.read_text().replace('"hashing"', '"bge-small"'))
    expect_error(coach("ask", "what is tea", corpus=corpus), "bge-small", "hashing", "coach ingest --rebuild")


def test_an_older_index_format_names_the_cure(corpus: Path, tmp_path: Path) -> None:
    coach("ingest", corpus=corpus)
    (about,) = (tmp_path / "home" / "index").glob("build-*/about.json")
    about.write_text(about.read_text().replace('"format": 1', '"format": 0'))
    expect_error(coach("ask", "what is tea", corpus=corpus), "format 0", "coach ingest --rebuild")
    assert coach("ingest", corpus=corpus).returncode == 0
    assert coach("ask", "what is tea", corpus=corpus).returncode == 0


def test_a_home_in_the_way_is_named(corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    expect_error(coach("ingest", corpus=corpus, COACH_HOME=str(tmp_path / "file")), "cannot be written", "COACH_HOME")


def test_a_wrong_setting_names_the_variable() -> None:
    expect_error(coach("doctor", COACH_PORT="lots"), "COACH_PORT is 'lots'")
    expect_error(coach("doctor", COACH_THREADS="0"), "COACH_THREADS is '0'")


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    assert coach("sing").returncode == 2
    assert coach("ask", "--louder", "x").returncode == 2


def test_doctor_says_what_is_there_and_what_to_do_next(corpus: Path) -> None:
    before = coach("doctor", corpus=corpus)
    assert before.returncode == 0
    assert "Next: run coach ingest." in before.stdout
    coach("ingest", corpus=corpus)
    after = coach("doctor", corpus=corpus).stdout
    for said in (
        "3 questions in 2 topics",
        "hashing, 256 dimensions, weights SHA-256",
        "3 passages, 13 vectors",
        "Next: all set",
    ):
        assert said in after


def test_doctor_never_prints_a_key(corpus: Path) -> None:
    done = coach("doctor", corpus=corpus, OPENAI_API_KEY="sk-very-secret", COACH_QDRANT_API_KEY="also-secret")
    assert "secret" not in re.sub("COACH_QDRANT_API_KEY|OPENAI_API_KEY", "", done.stdout + done.stderr)


def _wait_until_it_writes(home: Path, process: subprocess.Popen[str]) -> None:
    """A signal before that would meet the imports, not the ingest."""
    begun = time.time()
    while process.poll() is None and not any(file.stat().st_mtime > begun for file in home.rglob("*.db*")):
        time.sleep(0.01)


def test_ctrl_c_during_an_ingest_leaves_the_last_good_index(corpus: Path) -> None:
    coach("ingest", corpus=corpus)
    big = (corpus / "bank" / "tea.md").read_text()
    for number in range(60):
        copy = big.replace("TE01", f"XA{number:02d}").replace("TE02", f"XB{number:02d}")
        (corpus / "bank" / f"copy{number}.md").write_text(copy)
    env = environment(corpus)
    process = subprocess.Popen([sys.executable, "-m", "ui.cli", "ingest"], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    _wait_until_it_writes(Path(env["COACH_HOME"]), process)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=60)
    assert process.returncode in {0, 130}
    assert "Traceback" not in err
    assert coach("ask", "How is green tea brewed?", corpus=corpus).returncode == 0
    assert coach("ingest", corpus=corpus).returncode == 0
