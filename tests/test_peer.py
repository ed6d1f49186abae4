"""A real language model server, llama.cpp in a process of its own, spoken to through our own code from end to end."""

from __future__ import annotations

import importlib.util
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from coach.adapters.history import SqlHistory
from coach.adapters.llm import OpenAIModel, reachable
from coach.conversations import CONVERSATION, Conversations
from coach.domain import Answer, AnswerKind, Manner, Mode, Part, Verdict
from coach.errors import ContextOverflow, LLMError
from coach.ports import Message
from coach.service import Coach
from coach.write import MARK, MAX_ANSWER, NOTHING_SUPPORTED, STOPPED, Stop, messages
from tests.asking import GREEN, HONEST, answered, keyless, text_of, writing
from tests.interviews import GREEN as GREEN_TEA
from tests.interviews import WEAK, examiner
from tests.peer import KEY, Peer, serving
from tests.test_cli import ROOT, coach, environment
from tests.test_write import WRITTEN

missing = [name for name in ("xllamacpp", "gguf") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(missing), reason=f"needs the wheel of {' and '.join(missing)}")

ASK = [Message("user", "How is green tea brewed?")]
NONSENSE = "Quarf blimmer snood the wozzle, and glimp farrows a dozen crumbits. Never mind the plinth, it vorps!"
# Enough that nothing is over before it is stopped.
ENDLESS = 30_000
# Tokens: the whole prompt is longer than the middle one, shortened it is not; even then it is longer than the tiny one.
MIDDLE, TINY = 1_536, 512


class Form(BaseModel):
    number: Literal[1, 2, 3]
    said: str = Field(max_length=200)
    sure: bool
    parts: list[str] = Field(min_length=2, max_length=3)


def model(peer: Peer, key: str = KEY, **options: Any) -> OpenAIModel:
    return OpenAIModel(peer.url, key, "peer", **{"retries": 0} | options)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with serving(tmp_path_factory.mktemp("honest"), HONEST) as peer:
        yield peer


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with serving(tmp_path_factory.mktemp("endless"), HONEST, ends=False) as peer:
        yield peer


@pytest.fixture
def asking(small_coach: Coach, tmp_path: Path) -> Conversations:
    return keyless(small_coach, tmp_path / "history.db")


def test_text_is_streamed_to_its_end_and_counted_by_the_server(honest: Peer) -> None:
    before = honest.written
    stream = model(honest).write(ASK)
    parts = list(stream)
    assert "".join(parts) == HONEST
    assert len(parts) > 5
    assert stream.cut == ""
    assert stream.usage.calls == 1
    assert (stream.usage.prompt_tokens or 0) > 10
    assert stream.usage.completion_tokens == honest.written - before > 10


def test_a_form_is_filled_by_the_strictest_format(honest: Peer) -> None:
    form, usage = model(honest).fill(ASK, Form)
    assert form.number == 1
    assert HONEST in form.said
    assert len(form.parts) in {2, 3}
    assert usage.calls == 1
    assert usage.completion_tokens


def test_the_answer_is_what_it_wrote_checked_and_paid_for(asking: Conversations, honest: Peer) -> None:
    *steps, answer = writing(asking, model(honest)).ask(asking.new(), GREEN)
    assert isinstance(answer, Answer)
    assert (answer.kind, answer.text, answer.note) == (AnswerKind.WRITTEN, WRITTEN, "")
    assert text_of(steps) == WRITTEN
    assert answer.spent
    assert answer.spent.counted
    assert asking.ledger.today().tokens == answer.spent.tokens


def test_a_grade_is_the_models_and_its_quotes_are_looked_up(honest: Peer) -> None:
    examining = examiner(model(honest))
    right, other = examining.grade(GREEN_TEA, f"{HONEST} I know no more."), examining.grade(GREEN_TEA, WEAK)
    assert right.stamp
    assert right.stamp.mode is Mode.LLM
    assert [verdict.verdict for verdict in right.verdicts] == [Verdict.COVERED, Verdict.MISSING, Verdict.MISSING]
    assert right.verdicts[0].said == HONEST
    assert {verdict.verdict for verdict in other.verdicts} == {Verdict.MISSING}
    assert "did not count: 2" in other.note


def test_a_wrong_key_is_told_and_the_material_answers(asking: Conversations, honest: Peer) -> None:
    wrong = model(honest, "sk-wrong-0123456789")
    with pytest.raises(LLMError, match="refuses the key"):
        wrong.fill(ASK, Form)
    answer = answered(writing(asking, wrong))
    assert (answer.kind, answer.text) == (AnswerKind.EXTRACTED, answered(asking).text)
    assert "refuses the key" in answer.note
    assert "sk-wrong" not in answer.note


def test_the_server_is_found_by_the_name_of_its_model(honest: Peer) -> None:
    assert reachable(honest.url, KEY, "peer") == ""
    assert "it serves peer" in reachable(honest.url, KEY, "large")
    assert "refuses the key" in reachable(honest.url, "sk-wrong", "peer")


def test_too_long_a_prompt_is_shortened_once_and_then_answered(asking: Conversations, tmp_path: Path) -> None:
    with serving(tmp_path, HONEST, room=MIDDLE) as peer:
        found = asking.coach._found(GREEN, "", Manner.PLAIN)
        with pytest.raises(ContextOverflow):
            model(peer).write(messages(found, 4 * MIDDLE, "fence"))
        answer = answered(writing(asking, model(peer)))
    assert (answer.kind, answer.text, answer.note) == (AnswerKind.WRITTEN, WRITTEN, "")


def test_a_prompt_that_stays_too_long_lets_the_material_answer(asking: Conversations, tmp_path: Path) -> None:
    with serving(tmp_path, HONEST, room=TINY) as peer:
        answer = answered(writing(asking, model(peer)))
    assert (answer.kind, answer.text) == (AnswerKind.EXTRACTED, answered(asking).text)
    assert "The text is too long for 'peer'" in answer.note


def test_nonsense_is_never_seen_and_the_material_answers(asking: Conversations, tmp_path: Path) -> None:
    with serving(tmp_path, NONSENSE) as peer:
        *steps, answer = writing(asking, model(peer)).ask(asking.new(), GREEN)
    assert isinstance(answer, Answer)
    assert (answer.kind, answer.note) == (AnswerKind.EXTRACTED, NOTHING_SUPPORTED)
    assert text_of(steps) == answer.text == answered(asking).text


def test_nonsense_after_what_is_so_is_marked(asking: Conversations, tmp_path: Path) -> None:
    with serving(tmp_path, f"{HONEST} {NONSENSE}") as peer:
        answer = answered(writing(asking, model(peer)))
    assert answer.kind is AnswerKind.WRITTEN
    assert answer.text.startswith(WRITTEN)
    assert answer.text.count(MARK) == 2
    assert answer.checked
    assert len(answer.checked.unsupported) == 2


def test_stop_ends_the_servers_work_and_the_partial_answer_is_on_disk(asking: Conversations, endless: Peer) -> None:
    before, stop, conversation = endless.written, Stop(), asking.new()
    for step in writing(asking, model(endless, max_tokens=ENDLESS)).ask(conversation, GREEN, stop=stop):
        if isinstance(step, Part):
            stop.press()
    assert endless.idle()
    assert endless.written - before < ENDLESS / 2
    answer = asking.open(conversation.id).turns[-1].answer
    assert answer
    assert (answer.kind, answer.stopped, answer.note) == (AnswerKind.WRITTEN, True, STOPPED)
    assert WRITTEN.startswith(answer.text[:75])


def test_going_away_ends_the_servers_work_and_keeps_what_was_shown(asking: Conversations, endless: Peer) -> None:
    before, conversation = endless.written, asking.new()
    steps = writing(asking, model(endless, max_tokens=ENDLESS)).ask(conversation, GREEN)
    shown = next(step for step in steps if isinstance(step, Part))
    steps.close()
    assert endless.idle()
    assert endless.written - before < ENDLESS / 2
    assert asking.open(conversation.id).turns[-1].partial == shown.text


def test_a_text_without_end_is_cut_and_the_server_freed(asking: Conversations, endless: Peer) -> None:
    answer = answered(writing(asking, model(endless, max_tokens=ENDLESS)))
    assert endless.idle()
    assert answer.text.startswith(WRITTEN)
    assert f"{MAX_ANSWER:,}" in answer.note


def settings(peer: Peer) -> dict[str, str]:
    return {"COACH_MODEL": "peer", "OPENAI_BASE_URL": peer.url, "OPENAI_API_KEY": KEY}


def test_the_command_line_shows_what_the_server_writes(corpus: Path, honest: Peer) -> None:
    coach("ingest", corpus=corpus)
    done = coach("ask", GREEN, corpus=corpus, **settings(honest))
    assert done.returncode == 0
    assert WRITTEN in done.stdout
    assert re.search(r"\b\d[\d,]* tokens, cost unknown, .* s, peer", done.stdout)
    assert KEY not in done.stdout + done.stderr


def test_the_command_line_says_why_the_material_answers(corpus: Path, honest: Peer) -> None:
    coach("ingest", corpus=corpus)
    done = coach("ask", GREEN, corpus=corpus, **settings(honest) | {"OPENAI_API_KEY": "sk-wrong-0123456789"})
    assert done.returncode == 0
    assert "Green tea is brewed with water well below boiling" in done.stdout
    assert "refuses the key" in done.stdout
    assert "sk-wrong" not in done.stdout + done.stderr


def test_interrupting_the_command_line_frees_the_server_and_keeps_what_came(corpus: Path, tmp_path: Path, endless: Peer) -> None:
    coach("ingest", corpus=corpus)
    command = [sys.executable, "-u", "-m", "ui.cli", "ask", GREEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment(corpus, **settings(endless))) as asking:
        assert asking.stdout
        asking.stdout.read(len(WRITTEN))
        asking.send_signal(signal.SIGINT)
        asking.stdout.read()
        # 0 if the model had written as much as an answer may have before the signal came.
        assert asking.wait(60) in {130, 0}
    assert endless.idle()
    history = SqlHistory.at(tmp_path / "home" / "history.db")
    (kept,) = [records for _stream, records in history.everything(CONVERSATION)]
    assert WRITTEN[:75] in str(kept[-1].data)
