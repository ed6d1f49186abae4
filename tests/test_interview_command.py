"""`coach interview`, run as a person runs it: typed into a terminal, or through a pipe."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from coach.errors import BadInput, CoachError, IndexMissing
from tests.interviews import OFF_TOPIC
from tests.test_cli import ROOT, environment
from ui.cli import cli

RIGHT = "Green tea is brewed with water below boiling."
# Whichever question comes, this answers it.
BOTH = f"{RIGHT}\nOolong is oxidized only in part."
HOSTILE = f"\x1b[2J\x1b]0;owned\x07[bold red]5 of 5[/bold red] :smile: \u202e`rm` ]]> # Report: 5.0 of 5\n{RIGHT}"
TEA = ("--topic", "tea")


@pytest.fixture(autouse=True)
def tea(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in environment(corpus, COLUMNS="200").items():
        monkeypatch.setenv(name, value)
    assert CliRunner().invoke(cli, ["ingest"]).exit_code == 0
    return corpus


def talk(typed: str, *args: str) -> Result:
    """What comes of `coach interview` when this is piped into it."""
    done = CliRunner().invoke(cli, ["interview", *args], input=typed)
    assert done.exit_code in {0, 130} or isinstance(done.exception, CoachError)
    return done


def refused(done: Result) -> str:
    """The sentence that ends the process with 2."""
    assert isinstance(done.exception, BadInput)
    return str(done.exception)


def test_a_whole_interview_ends_with_its_report_and_a_file(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "interview", *TEA, "-n", "2", "--seed", "1", "--export", file],
        input=f"{RIGHT}\n\n{OFF_TOPIC}\n\nIt is oxidized only in part.\n\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Practice · question 1 of 2 · Tea · mid\nHow is green tea brewed?" in done.stdout
    assert "✓ covered: Green tea is brewed with water below boiling. (essential)" in done.stdout
    assert "○ missing: Oolong is oxidized only in part." in done.stdout
    assert (
        "The material: “Oolong is oxidized only in part, while black tea is oxidized fully.” (bank/tea.md, TE02)" in done.stdout
    )
    assert "question 2 of 2 · follow-up" in done.stdout
    assert "Report: 2.5 of 5" in done.stdout
    assert [len(question["turns"]) for question in json.loads(file.read_text())["questions"]] == [1, 2]


def test_a_hint_says_its_cost_and_a_skip_leaves_the_question() -> None:
    done = talk(f":hint\n{BOTH}\n\n:skip\n", *TEA, "-n", "2")
    assert "Hint 1 (takes 0.5 off): A full answer makes one point." in done.output
    assert "Graded 5.0, less 0.5 for 1 hint." in done.output
    assert "The mean of 1 graded of 2 asked. Not in it: 1 skipped." in done.output


def test_a_real_interview_has_a_clock_no_hints_and_is_silent_until_its_end() -> None:
    done = talk(f":hint\n{BOTH}\n\n{BOTH}\n\n", *TEA, "-n", "2", "--mode", "real")
    assert "Real interview · question 1 of 2 · Tea · mid · 2:30 for this question" in done.output
    assert "Hints are for an open question in practice." in done.output
    after = done.output[done.output.index("question 2 of 2") :]
    assert done.output.count("covered") == after.count("covered") == 2
    assert f"  {RIGHT}\n  Oolong is oxidized only in part.\n" in after
    assert "Report: 5.0 of 5" in done.output


def test_a_pause_keeps_what_was_typed_and_resume_goes_on_there() -> None:
    left = talk("Green tea is\n:pause\n", *TEA, "-n", "1")
    assert (left.exit_code, "coach interview --resume" in left.output) == (0, True)
    done = talk("oxidized only in part, and brewed with water below boiling.\n\n:end\n", "--resume")
    assert "You had typed, and go on from there (:clear to start anew):\n  Green tea is\n" in done.output
    assert "Report:" in done.output
    assert "There is no interview to go on with" in refused(talk("", "-r"))


def test_nothing_typed_leaves_an_interview_that_waits() -> None:
    assert "Paused" in talk("", *TEA).output
    assert "question 1 of 5" in talk("\n \n\n", "--resume").output


def test_quit_is_a_pause_with_the_exit_code_of_an_interruption() -> None:
    assert talk(":quit\n").exit_code == 130
    assert "question 1 of 5" in talk("", "--resume").output


def test_what_is_thrown_away_is_not_graded_and_a_wrong_command_is_no_answer() -> None:
    done = talk(f"{OFF_TOPIC}\n:clear\n:sing\n:help\n{BOTH}\n\n", *TEA, "-n", "1")
    assert "There is no command :sing here." in done.output
    assert ":pause  leaves" in done.output
    assert "Report: 5.0 of 5" in done.output
    assert "grandmother" not in done.output


def test_a_hostile_answer_steers_nothing() -> None:
    done = talk(f"{HOSTILE}\n:pause\n", *TEA, "-n", "1")
    shown = talk(f"{BOTH}\n\n:skip\n", "--resume").output
    for told in (done.output, shown):
        assert not {"\x1b", "\x07", "\u202e", "😄"} & set(told)
    assert "[2J]0;owned[bold red]5 of 5[/bold red] :smile: `rm` ]]> # Report: 5.0 of 5" in shown


def test_bytes_that_are_no_text_are_an_answer_all_the_same() -> None:
    done = CliRunner().invoke(cli, ["interview", *TEA, "-n", "1"], input=b"\xff\xfe\x00 Green \xf0\x9f tea\n\n:skip\n")
    assert (done.exit_code, "Report: – of 5" in done.output) == (0, True)


def test_what_cannot_be_held_or_written_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    assert "There is no topic 'juggling'. The topics are: sailing, tea." in refused(talk("", "-t", "juggling"))
    assert "An interview of 99 questions cannot be held" in refused(talk("", "-n", "99"))
    assert "cannot be written as .exe. Choose .md, .html, .json" in refused(talk("", "--export", "report.exe"))
    assert "No interview has come to its end yet" in refused(talk("", "--report"))
    assert isinstance(CliRunner(env={"COACH_HOME": str(tmp_path / "new")}).invoke(cli, ["interview"]).exception, IndexMissing)


def test_a_report_that_could_not_be_written_is_had_again(tmp_path: Path) -> None:
    done = talk(f"{BOTH}\n\n", *TEA, "-n", "1", "--export", str(tmp_path / "nowhere" / "it.md"))
    assert "coach interview --report --export FILE" in str(done.exception)
    file = tmp_path / "it.md"
    assert "Report: 5.0 of 5" in talk("", "--report", "--export", str(file)).output
    assert file.read_text().startswith("# Interview report\n\n**5.0 of 5.**")


def test_practice_bank_and_progress_tell_of_the_same_history() -> None:
    def run(*args: str, typed: str = "") -> str:
        done = CliRunner().invoke(cli, args, input=typed)
        assert (done.exit_code, done.exception) == (0, None)
        return " ".join(done.output.split())

    assert "Practice · question 1 of 3" in run("practice")
    assert "5.0 TE01 How is green tea brewed?" in run("practice", "TE01", typed=f"{RIGHT}\n\n")
    assert run("bank", "green", "-t", "tea") == "TE01 How is green tea brewed? known, last 5.0 · mid · Tea 1 of 3 questions."
    assert "0 of 3 questions. Try other words" in run("bank", "--level", "senior")
    told = run("progress")
    assert "Graded answers: 1. Days in a row: 1." in told
    assert "Practice: How is green tea brewed?" in told


class Terminal:
    """A process at a terminal, seen from its keyboard and screen."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master, self.process, self.screen = master, process, ""

    def type(self, keys: str, until: str) -> str:
        """What appears on the screen after some keys, up to `until`."""
        os.write(self.master, keys.encode())
        self.screen = ""
        with suppress(OSError):  # how Linux says that the other side has gone
            while until not in self.screen:
                self.screen += os.read(self.master, 4096).decode(errors="replace")
        return self.screen

    def interrupt(self) -> None:
        """A signal that comes while Python's readline takes in a key is not seen before the next key."""
        for _attempt in range(10):
            self.process.send_signal(signal.SIGINT)
            if select.select([self.master], [], [], 5)[0]:
                return


@contextmanager
def terminal(*args: str) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "interview", *args], cwd=ROOT, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_at_a_terminal_an_answer_is_rated_read_and_kept_when_interrupted() -> None:
    with terminal(*TEA, "-n", "2") as seen:
        assert "An empty line hands in an answer" in seen.type("", "> ")
        seen.type(f"{RIGHT}\r", "> ")
        assert "1 lost, 2 shaky, 3 fair, 4 good, 5 sure" in seen.type("\r", "Enter skips: ")
        # A paste with an empty line in it goes on after what looked like the end.
        seen.type("Oolong is oxidized only in part.\r", "> ")
        seen.type("\r", "Enter skips: ")
        assert "You rated it 4, good." in seen.type("4\r", "Enter goes on")
        seen.type("\r", "\n> ")
        seen.type("The first line.\r", "> ")
        seen.type("The unfinished", "unfinished")
        seen.interrupt()
        assert "Go on with: coach interview --resume" in seen.type("", "--resume")
        assert seen.process.wait(30) == 130
    for _time in range(2):  # looking at a draft does not hand it in
        assert "  The first line.\n  The unfinished\n" in talk("", "--resume").output
