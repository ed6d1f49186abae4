"""Every example of docs/python.md and docs/commands.md is one that works, and no command is without."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from tests.test_cli import ROOT
from ui.cli import cli

PYTHON = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL)
LINES = re.findall(r"^coach (.*?) *#", (ROOT / "docs" / "commands.md").read_text(encoding="utf-8"), re.MULTILINE)
# These need the network, a port, runs that were made before, or minutes.
NOT_RUN = ("app", "fetch --topic", "eval")


@pytest.fixture(autouse=True)
def small_bank(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "kites.md").write_text("# Kites\n\nA kite flies because the wind pushes it up.\n")
    monkeypatch.chdir(tmp_path)


def test_every_python_example_runs_after_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    known: dict[str, Any] = {}
    for example in PYTHON:
        exec(compile(example, "docs/python.md", "exec"), known)
    known["interviewer"].history.close()
    known["conversations"].history.close()
    assert "2 answers so far" in capsys.readouterr().out


def commands(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by what one types, without `coach`."""
    inner = getattr(group, "commands", None)
    if inner is None:
        yield name, group
        return
    for key, one in inner.items():
        yield from commands(one, f"{name} {key}".strip())


def test_every_command_has_an_example_and_every_example_its_options() -> None:
    known = dict(commands(typer.main.get_command(cli)))
    shown = set()
    for line in LINES:
        name = max((name for name in known if f"{line} ".startswith(f"{name} ")), key=len)
        known[name].make_context(name, shlex.split(line.removeprefix(name)))
        shown.add(name)
    assert shown == set(known)


def test_examples_run_in_their_order() -> None:
    for line in LINES:
        if not line.startswith(NOT_RUN):
            done = CliRunner().invoke(cli, shlex.split(line))
            # The small bank has fewer questions than a bank should.
            assert done.exit_code == (1 if line.startswith("check") else 0), f"coach {line}\n{done.output}"
