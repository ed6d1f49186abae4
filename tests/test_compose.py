"""The container files are checked against their specification; there is no engine here to run them."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.test_cli import ROOT


def test_the_compose_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_image_is_pinned() -> None:
    images = re.findall(r"image: (\S+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert images
    assert bases
    assert all(re.search(r":v?\d+\.\d+\.\d+", image) for image in (*images, *bases))


def test_the_app_does_not_run_as_root() -> None:
    assert "\nUSER coach\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_what_the_image_copies_is_there() -> None:
    for line in re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split())
