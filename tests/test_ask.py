"""`coach ask`, run as a person runs it: stages, streamed text, going on with a conversation, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.asking import GREEN, HONEST, KEY
from tests.llm_server import scripted, stall, status, stream
from tests.test_cli import ROOT, coach, environment, expect_error


@pytest.fixture
def tea(corpus: Path) -> Path:
    assert coach("ingest", corpus=corpus).returncode == 0
    return corpus


def model(url: str) -> dict[str, str]:
    return {"COACH_MODEL": "small", "OPENAI_BASE_URL": url, "OPENAI_API_KEY": KEY}


def test_stages_go_to_standard_error_and_the_answer_to_standard_output(tea: Path) -> None:
    done = coach("ask", GREEN, corpus=tea)
    assert done.stderr.splitlines() == ["Searching ...", "Reading 3 passages ..."]
    assert done.stdout.startswith("Green tea is brewed with water well below boiling")


def test_a_conversation_is_gone_on_with(tea: Path) -> None:
    expect_error(coach("ask", "-c", "why?", corpus=tea), "no conversation to go on with")
    coach("ask", GREEN, corpus=tea)
    done = coach("ask", "--follow", "and why is that bitter?", corpus=tea)
    assert "Searched for: How is green tea brewed? and why is that bitter?" in done.stdout
    answer = json.loads(coach("ask", "--mode", "quiz", "--json", corpus=tea).stdout)
    assert answer["practice"] == "TE01"


def test_a_model_writes_and_what_it_took_is_told(tea: Path) -> None:
    with scripted(stream(f"{HONEST} AcmeTea is wonderful.")) as server:
        done = coach("ask", GREEN, corpus=tea, **model(server.url))
    assert done.returncode == 0
    assert "at about 75 degrees. [1] Boiling water scalds the leaves. [2] AcmeTea is wonderful. [?]" in done.stdout
    assert "[?] marks what no passage says: 1 · 12 tokens, cost unknown," in done.stdout
    assert done.stderr.splitlines()[-1] == "Writing ..."


def test_json_is_the_finished_answer_alone(tea: Path) -> None:
    with scripted(stream(HONEST)) as server:
        done = coach("ask", "--json", GREEN, corpus=tea, **model(server.url), COACH_PRICE_IN="1", COACH_PRICE_OUT="2")
    answer = json.loads(done.stdout)
    assert (answer["kind"], answer["spent"]["cost"]) == ("written", pytest.approx(17e-6))


def test_a_server_that_refuses_the_key_is_told_of_and_the_material_answers(tea: Path) -> None:
    with scripted(status(401, KEY)) as server:
        done = coach("ask", GREEN, corpus=tea, **model(server.url))
    assert "Green tea is brewed" in done.stdout
    assert "refuses the key" in done.stdout
    assert KEY not in done.stdout + done.stderr


def test_ctrl_c_keeps_what_came(tea: Path) -> None:
    with scripted(stream(f"{HONEST} The", " next", finish=None, then=stall)) as server:
        process = subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "ask", GREEN],
            cwd=ROOT,
            env=environment(tea, **model(server.url)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while not server.requests and process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert server.hung_up.wait(1)
    assert process.returncode == 130
    assert out.startswith("Green tea is brewed with water well below boiling")
    assert "What came is kept" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("name", "value"), [("COACH_CONTEXT", "3"), ("COACH_PRICE_IN", "-1"), ("COACH_TEMPERATURE", "hot")])
def test_a_wrong_setting_is_named(tea: Path, name: str, value: str) -> None:
    expect_error(coach("ask", GREEN, corpus=tea, **{name: value}), f"{name} is '{value}'")


def test_a_limit_of_cost_needs_prices(tea: Path) -> None:
    expect_error(coach("ask", GREEN, corpus=tea, COACH_DAILY_COST="1"), "COACH_PRICE_IN and COACH_PRICE_OUT")
