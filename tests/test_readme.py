"""What the README says is so."""

from __future__ import annotations

import re
import subprocess

from coach.settings import Settings, environment_name
from tests.test_cli import ROOT, coach

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_tree_lists_every_tracked_top_level_entry_once() -> None:
    tree = README.split("## The house")[1].split("```")[1]
    listed = [line.split()[0].rstrip("/") for line in tree.strip().splitlines()]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split("\n")
    there = {path.split("/")[0] for path in tracked if path and not path.startswith(".")}
    assert sorted(listed) == sorted(there or listed)
    assert all((ROOT / name).exists() for name in listed)


def test_the_settings_table_is_the_settings() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| .*? \| (.*?) \|$", README, re.MULTILINE))
    assert rows == {environment_name(name): field.description for name, field in Settings.model_fields.items()}


def test_every_default_in_the_table_is_the_default() -> None:
    for name, shown in re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", README, re.MULTILINE):
        field = next(field for key, field in Settings.model_fields.items() if environment_name(key) == name)
        assert str(field.default) == shown


def test_every_command_in_the_readme_exists() -> None:
    commands = set(re.findall(r"^coach (\w+)", README, re.MULTILINE))
    shown = coach("--help").stdout
    assert commands
    assert all(re.search(rf"^│ {command} ", shown, re.MULTILINE) for command in commands)


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_pictures_and_pages_it_links_to_are_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
