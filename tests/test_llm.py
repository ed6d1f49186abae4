"""A language model on real servers on loopback: what it fills and writes, and every fault of a server."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from coach.adapters.llm import OpenAIModel, reachable
from coach.adapters.reply import Thought, fit, without_thought
from coach.errors import ContextOverflow, LLMError
from coach.ports import ChatModel, Message, Usage
from tests.llm_server import Exchange, Scripted, Step, drip, drop, json_body, raw, reply, scripted, stall, status, stream

KEY = "sk-not-a-real-key-0123456789"
ASK = [Message("system", "You judge."), Message("user", "How good is it?")]
GOOD = {"score": 3, "said": "because"}


class Verdict(BaseModel):
    score: Literal[0, 1, 2, 3]
    said: str = Field(max_length=40)


def model(server: Scripted, **options: Any) -> OpenAIModel:
    return OpenAIModel(server.url, KEY, "small", **{"retries": 0, "timeout": 5.0, "budget": 10.0} | options)


def written(server: Scripted, **options: Any) -> tuple[str, str, Usage]:
    """What a model writes to the end, why it is cut, and what it took."""
    writing = model(server, **options).write(ASK)
    return "".join(writing), writing.cut, writing.usage


def test_it_is_a_chat_model() -> None:
    chat: ChatModel = OpenAIModel(None, None, "small")
    assert chat.name == "small"


def test_nothing_heavy_is_imported_before_the_first_call() -> None:
    code = "import sys, coach.adapters.llm as l; l.OpenAIModel(None, 'k', 'm'); print('openai' in sys.modules)"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "False"


def test_a_shape_is_asked_for_strictly_and_comes_back_with_what_it_took() -> None:
    with scripted(reply(GOOD)) as server:
        verdict, usage = model(server, max_tokens=99).fill(ASK, Verdict)
    assert verdict == Verdict(score=3, said="because")
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (1, 7, 5)
    assert usage.seconds > 0
    body = server.requests[0].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("small", 0, 99)
    assert body["messages"] == [{"role": "system", "content": "You judge."}, {"role": "user", "content": "How good is it?"}]
    schema = body["response_format"]["json_schema"]
    assert schema["strict"]
    assert schema["schema"]["additionalProperties"] is False
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("code", [400, 404, 422, 500])
def test_a_server_that_refuses_formats_is_asked_plainly_and_only_plainly_from_then_on(code: int) -> None:
    refusal = status(code, "response_format is not supported")
    with scripted(refusal, refusal, reply(f"Here it is:\n```json\n{json.dumps(GOOD)}\n```"), reply(GOOD)) as server:
        chat = model(server)
        assert chat.fill(ASK, Verdict)[1].calls == 3
        assert chat.fill(ASK, Verdict)[1].calls == 1
    assert server.formats == ["json_schema", "json_object", "none", "none"]
    assert '"maxLength": 40' in server.requests[2].body["messages"][-1]["content"]


def test_a_server_that_knows_json_but_no_schema_gets_the_schema_in_words() -> None:
    with scripted(status(400), reply(GOOD), reply(GOOD)) as server:
        chat = model(server)
        chat.fill(ASK, Verdict)
        chat.fill(ASK, Verdict)
    assert server.formats == ["json_schema", "json_object", "json_object"]
    assert "JSON" in server.requests[1].body["messages"][-1]["content"]


def test_a_fault_of_a_server_that_took_the_format_is_not_taken_for_a_refusal() -> None:
    with scripted(reply(GOOD), status(500)) as server:
        chat = model(server)
        chat.fill(ASK, Verdict)
        with pytest.raises(LLMError, match="status 500"):
            chat.fill(ASK, Verdict)


def test_a_server_that_ignores_the_format_is_asked_plainly_from_then_on() -> None:
    with scripted(reply("Quite good, I think."), reply(GOOD), reply(GOOD)) as server:
        chat = model(server)
        assert chat.fill(ASK, Verdict)[1].calls == 2
        assert chat.fill(ASK, Verdict)[1].calls == 1
    assert server.formats == ["json_schema", "none", "none"]


def test_parameters_that_a_server_refuses_are_left_out_from_then_on() -> None:
    steps = [
        status(400, "Use 'max_completion_tokens' instead of 'max_tokens'.", param="max_tokens", code="unsupported_parameter"),
        status(400, "'temperature' does not support 0 with this model.", param="temperature"),
        reply(GOOD),
        reply(GOOD),
    ]
    with scripted(*steps) as server:
        chat = model(server, max_tokens=99)
        chat.fill(ASK, Verdict)
        chat.fill(ASK, Verdict)
    for request in server.requests[2:]:
        assert request.body["max_completion_tokens"] == 99
        assert not {"max_tokens", "temperature"} & set(request.body)
    assert server.formats == ["json_schema"] * 4


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD)}\n```",
        f"In the set {{1, 2}} I choose:\n```\n{json.dumps(GOOD, indent=1)}\n```\nDone {{so}}.",
        f"```\nI choose {json.dumps(GOOD)}\n```",
        f"Sure! {json.dumps(GOOD)} I hope that {{helps}}.",
        f'<think>Maybe {{"score": 0}}?</think>\n\n{json.dumps(GOOD)}',
    ],
)
def test_the_object_is_found_in_what_models_put_around_it(text: str) -> None:
    with scripted(reply(text)) as server:
        assert model(server).fill(ASK, Verdict)[0].score == 3


def test_a_quote_may_hold_fences_tags_and_line_breaks() -> None:
    said = '```{"score": 0}``` </think>\n'
    with scripted(reply(json.dumps({"score": 3, "said": said}).replace("\\n", "\n"))) as server:
        assert model(server).fill(ASK, Verdict)[0].said == said


def test_reasoning_beside_the_reply_is_ignored() -> None:
    with scripted(reply(GOOD, reasoning_content='{"score": 0}', reasoning="no")) as server:
        assert model(server).fill(ASK, Verdict)[0].score == 3


def test_a_reply_out_of_range_may_be_mended_once() -> None:
    with scripted(reply({"score": 9, "said": "x"}), reply(GOOD)) as server:
        verdict, usage = model(server).fill(ASK, Verdict)
    assert verdict.score == 3
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (2, 14, 10)
    asked = server.requests[1].body["messages"]
    assert [message["role"] for message in asked] == ["system", "user", "assistant", "user"]
    assert "score: Input should be 0, 1, 2 or 3" in asked[-1]["content"]


@pytest.mark.parametrize("bad", ["", "Good.", '{"score": 3, "sai', '{"score": 9, "said": ""}', "[" * 90_000, '{"a":' * 90_000])
def test_a_reply_that_never_fits_ends_after_two_calls(bad: str) -> None:
    with scripted(reply(bad), reply(bad)) as server, pytest.raises(LLMError, match=r"'small' at .* does not fit: .*COACH_MODEL"):
        model(server).fill(ASK, Verdict)
    assert len(server.requests) == 2


def test_nothing_is_mended_when_the_time_is_up() -> None:
    with scripted(reply("Good.", pause=0.5)) as server, pytest.raises(LLMError, match="does not fit"):
        model(server, budget=0.9).fill(ASK, Verdict)


def test_a_cut_off_object_is_told_and_not_asked_for_again() -> None:
    with scripted(reply('{"score": 3, "sa', finish="length")) as server, pytest.raises(LLMError, match="hit its limit"):
        model(server).fill(ASK, Verdict)


@pytest.mark.parametrize("finish", ["length", None, "tool_calls", "eos"])
def test_a_whole_object_counts_however_the_model_ended(finish: str | None) -> None:
    with scripted(reply(GOOD, finish=finish)) as server:
        assert model(server).fill(ASK, Verdict)[0].score == 3


def test_a_cut_off_object_without_a_reason_is_asked_for_once_more() -> None:
    with scripted(reply('{"score": 3, "sa', finish=None), reply(GOOD)) as server:
        assert model(server).fill(ASK, Verdict)[1].calls == 2


@pytest.mark.parametrize(
    ("step", "said"),
    [(reply(None, refusal="I would rather not."), "I would rather not"), (reply(GOOD, finish="content_filter"), "filtered")],
)
def test_a_refusal_is_told_and_not_argued_with(step: Step, said: str) -> None:
    with scripted(step) as server, pytest.raises(LLMError, match=f"declines to answer .*{said}"):
        model(server).fill(ASK, Verdict)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_is_too_odd_to_be_judged(before: str, after: str) -> None:
    assert isinstance(fit(f"{before}{json.dumps(GOOD)}{after}", Verdict), Verdict | str)
    assert isinstance(fit(json.dumps(GOOD) + after, Verdict), Verdict)


def test_text_comes_in_parts_with_what_it_took() -> None:
    with scripted(stream("Green ", "tea", ".")) as server:
        writing = model(server).write(ASK)
        assert list(writing) == ["Green ", "tea", "."]
        assert writing.cut == ""
        assert (writing.usage.calls, writing.usage.prompt_tokens, writing.usage.completion_tokens) == (1, 7, 5)
        assert list(writing) == []


def test_tokens_that_nobody_reports_are_unknown() -> None:
    with scripted(stream("Tea.", usage=False)) as server:
        usage = written(server)[2]
    assert (usage.prompt_tokens, usage.completion_tokens) == (None, None)


def test_a_server_that_refuses_to_count_is_asked_without() -> None:
    refusal = status(422, "extra fields not permitted: stream_options")
    with scripted(refusal, stream("Tea.", usage=False), stream("Tea.", usage=False)) as server:
        chat = model(server)
        writing = chat.write(ASK)
        assert "".join(writing) == "Tea."
        assert writing.usage.calls == 2
        assert list(chat.write(ASK)) == ["Tea."]
    assert ["stream_options" in request.body for request in server.requests] == [True, False, False]


def test_deltas_without_text_are_passed_over() -> None:
    odd = [b'data: {"choices": [{"delta": null}]}\n\n', b'data: {"object": "x"}\n\n', b": still here\n\n", b"data: {}\n\n"]
    parts: list[Any] = [
        {"role": "assistant"},
        {"reasoning_content": "Hm."},
        {"content": None},
        {"content": ""},
        *odd,
        "Tea",
        *odd,
        ".",
    ]
    with scripted(stream(*parts)) as server:
        assert written(server)[:2] == ("Tea.", "")


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_thought_at_the_start_is_left_out_wherever_it_is_split(size: int) -> None:
    text = "\n<think>Is it </thin or <think>?</think>\n\n<think></think> Tea <think>is</think> fine."
    with scripted(stream(*(text[i : i + size] for i in range(0, len(text), size)))) as server:
        assert written(server)[0] == "Tea <think>is</think> fine."


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<thi", "nk>", "</th", "ink>", "tea", " ", "<", "/"]), max_size=12),
    st.data(),
)
def test_how_a_text_is_split_changes_nothing(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    split = Thought()
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert without_thought(text) == "".join(map(split.after, pieces)) + split.rest()


@pytest.mark.parametrize(
    ("finish", "said"), [(None, "without an end mark"), ("length", "the model's limit"), ("content_filter", "filter withheld")]
)
def test_a_text_that_is_cut_says_so(finish: str | None, said: str) -> None:
    with scripted(stream("Tea is", finish=finish)) as server:
        text, cut, _ = written(server)
    assert text == "Tea is"
    assert said in cut


def test_a_text_without_end_is_cut_and_the_server_stopped() -> None:
    with scripted(stream("x" * 30_000, "y" * 30_000, then=stall)) as server:
        text, cut, _ = written(server)
        assert len(text) == 50_000
        assert "50,000 characters" in cut
        assert server.hung_up.wait(5)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (drop, "broke the connection"),
        (stall, "sent nothing for 0.5 s"),
        (lambda exchange: exchange.chunk(b"data: \xff\xfe\n\n"), "cannot be read"),
        (lambda exchange: exchange.chunk(b'data: {"choices": [{"del\n\n'), "cannot be read"),
        (lambda exchange: exchange.chunk(b'data: {"choices": 5}\n\n'), "cannot be read"),
        (lambda exchange: exchange.chunk(b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
    ],
)
def test_a_fault_in_the_middle_is_raised_after_what_came_before(fault: Step, said: str) -> None:
    with scripted(stream("Tea ", "is ", finish=None, then=fault)) as server:
        writing = model(server, timeout=0.5).write(ASK)
        parts: list[str] = []
        with pytest.raises(LLMError, match=said) as error:
            parts.extend(iter(writing))  # one by one, so that what came stays
        assert writing.cut == str(error.value)
        assert writing.usage.seconds > 0
    assert parts == ["Tea ", "is "]


def test_an_overflow_reported_in_the_middle_is_one() -> None:
    event = b'data: {"error": {"message": "no", "code": "context_length_exceeded"}}\n\n'
    with scripted(stream(finish=None, then=lambda exchange: exchange.chunk(event))) as server, pytest.raises(ContextOverflow):
        written(server)


@pytest.mark.parametrize("fault", [drop, stall])
def test_a_fault_after_the_last_word_does_no_harm(fault: Step) -> None:
    with scripted(stream("Tea.", then=fault)) as server:
        assert written(server, timeout=0.5)[:2] == ("Tea.", "")


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (stream(), "wrote nothing. The reply is empty"),
        (stream({"reasoning_content": "Hm."}, finish="length"), "wrote nothing. .*the model's limit"),
        (stream("<think>Hm."), "wrote nothing"),
        (raw(b"<html>a page</html>", kind="text/html"), "OPENAI_BASE_URL"),
        (stream(finish=None), "OPENAI_BASE_URL"),
    ],
)
def test_a_reply_without_a_word_is_an_error(step: Step, said: str) -> None:
    with scripted(step) as server, pytest.raises(LLMError, match=said):
        written(server)


def test_closing_stops_the_server() -> None:
    with scripted(stream("Tea ", "is ", then=stall)) as server:
        writing = model(server).write(ASK)
        assert next(iter(writing)) == "Tea "
        writing.close()
        assert server.hung_up.wait(5)
        # What had come before the closing may still be given, nothing after it.
        assert "".join(writing) in {"", "is "}
        assert "stopped" in writing.cut
        writing.close()


def test_closing_reaches_a_thread_that_waits_for_the_next_part() -> None:
    with scripted(stream("Tea ", finish=None, then=stall)) as server:
        writing = model(server, timeout=60).write(ASK)
        parts, first = [], threading.Event()

        def read() -> None:
            for part in writing:
                parts.append(part)
                first.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert first.wait(5)
        writing.close()
        reader.join(5)
        assert not reader.is_alive()
        assert server.hung_up.wait(5)
    assert parts == ["Tea "]


def test_a_text_nobody_reads_can_be_closed() -> None:
    with scripted(stream("Tea.", then=stall)) as server:
        model(server).write(ASK).close()
        assert server.hung_up.wait(5)


def fills(chat: OpenAIModel) -> object:
    return chat.fill(ASK, Verdict)


def writes(chat: OpenAIModel) -> object:
    return list(chat.write(ASK))


Call = Callable[[OpenAIModel], object]
either = pytest.mark.parametrize("call", [fills, writes])


@either
@pytest.mark.parametrize(
    ("step", "said"),
    [
        (status(401), r"http://127.0.0.1:\d+/v1 refuses the key. Check OPENAI_API_KEY"),
        (status(403, "not for you"), r"forbids this key to use 'small' \(\"not for you\"\)"),
        (status(429), "is at its limit. Try again in a minute"),
        (status(429, code="insufficient_quota"), "no quota left"),
        (status(503, "loading"), r"status 503 \(\"loading\"\). Try again"),
        (raw(b"<html>Bad gateway</html>", 502, "text/html"), r"status 502\. Try again"),
        (raw(b"", 504), r"status 504\. Try again"),
        (drop, "broke the connection"),
        (stall, "sent nothing for 0.5 s"),
        (json_body({"error": {"message": "the upstream is down"}}), "upstream is down|cannot be read"),
    ],
)
def test_every_fault_is_one_sentence_that_says_what_where_and_what_next(call: Call, step: Step, said: str) -> None:
    with scripted(step) as server, pytest.raises(LLMError, match=said) as error:
        call(model(server, timeout=0.5))
    assert server.url in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe", b"[]", b"null", b"5", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"[" * 90_000],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_a_body_that_is_no_completion_names_the_address(body: bytes, kind: str) -> None:
    with scripted(raw(body, kind=kind)) as server, pytest.raises(LLMError, match=r"cannot be read .*Check OPENAI_BASE_URL"):
        model(server).fill(ASK, Verdict)


@either
@pytest.mark.parametrize(
    "step",
    [
        status(400, "no", code="context_length_exceeded"),
        status(400, "the request exceeds the available context size", type="exceed_context_size_error"),
        status(400, "This model's maximum context length is 4096 tokens. Please reduce the length of the messages."),
        status(422, "Prompt is too long: 9999 tokens"),
        status(413, "Request Entity Too Large"),
        status(500, "Requested tokens (9999) exceed context window of 512"),
    ],
)
def test_too_long_a_text_is_an_error_of_its_own(call: Call, step: Step) -> None:
    with scripted(step) as server, pytest.raises(ContextOverflow, match="too long for 'small'"):
        call(model(server))


@pytest.mark.parametrize(
    ("models", "said"),
    [(("large", "tiny"), "does not serve 'small'; it serves large, tiny. Change COACH_MODEL"), (None, "usually ends in /v1")],
)
def test_a_missing_model_is_told_with_those_that_are_there(models: tuple[str, ...] | None, said: str) -> None:
    with scripted(status(404, code="model_not_found"), models=models) as server, pytest.raises(LLMError, match=said):
        model(server).fill(ASK, Verdict)


@either
@pytest.mark.parametrize("pause", [0.01, formatdate(0, usegmt=True)])
def test_a_busy_server_is_asked_again_after_the_pause_it_wants(call: Call, pause: float | str) -> None:
    with scripted(status(429, retry_after=pause), stream("Tea.") if call is writes else reply(GOOD)) as server:
        call(model(server, retries=1))


@either
@pytest.mark.parametrize("pause", ["60", "inf", formatdate(4e9, usegmt=True)])
def test_a_pause_longer_than_the_budget_is_not_waited_for(call: Call, pause: str) -> None:
    with scripted(status(429, retry_after=pause)) as server, pytest.raises(LLMError, match=r"asks to wait .* s. Try again then"):
        call(model(server, retries=5))


def test_a_busy_server_is_not_asked_for_ever() -> None:
    with scripted(*[status(429, retry_after=0.01)] * 3) as server, pytest.raises(LLMError, match="at its limit"):
        model(server, retries=2).fill(ASK, Verdict)


def test_a_server_that_fails_once_is_asked_again() -> None:
    with scripted(status(503, retry_after=0.01), reply(GOOD)) as server:
        assert model(server, retries=1).fill(ASK, Verdict)[1].calls == 1


@either
def test_retries_end_with_the_budget(call: Call) -> None:
    with scripted(stall) as server, pytest.raises(LLMError, match=r"took longer than 0\.3 s"):
        call(model(server, retries=9, timeout=60, budget=0.3))


@either
@pytest.mark.parametrize("data", [b": still thinking\n\n", b" "])
def test_a_server_that_drips_for_ever_is_left(call: Call, data: bytes) -> None:
    with scripted(drip(data)) as server:
        with pytest.raises(LLMError, match=r"took longer than 0\.3 s"):
            call(model(server, budget=0.3))
        assert server.hung_up.wait(5)


def test_a_body_without_end_is_left() -> None:
    with scripted(drip(b" " * 2**24)) as server, pytest.raises(LLMError, match="sent more than 33,554,432 bytes"):
        model(server).fill(ASK, Verdict)


@either
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/v1", r"http://127.0.0.1:9/v1 cannot be reached \(.*refused\). Check OPENAI_BASE_URL"),
        ("http://user:hidden-word@127.0.0.1:9/v1?key=hidden-word", "http://127.0.0.1:9/v1 cannot be reached"),
        ("localhost:1/v1", "is not the address of a server"),
        ("http://[::1", "cannot be read"),
    ],
)
def test_an_address_without_a_server_is_named(call: Call, address: str, said: str) -> None:
    with pytest.raises(LLMError, match=said) as error:
        call(OpenAIModel(address, KEY, "small", retries=0))
    assert "hidden-word" not in str(error.value)


@pytest.mark.parametrize("key", ["sk-“quoted”", "sk-two\nlines"])
def test_a_key_that_cannot_be_one_is_told_without_showing_it(key: str) -> None:
    with pytest.raises(LLMError, match="Paste OPENAI_API_KEY anew") as error:
        OpenAIModel("http://127.0.0.1:9/v1", key, "small").fill(ASK, Verdict)
    assert "sk-" not in str(error.value)


def echo(code: int) -> Step:
    """The server shows the headers it got, as careless ones do."""

    def step(exchange: Exchange) -> None:
        status(code, f"You sent {dict(exchange.handler.headers)}", code=KEY)(exchange)

    return step


@either
@pytest.mark.parametrize("code", [400, 401, 403, 404, 418, 429, 500])
def test_the_key_is_never_shown(call: Call, code: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with scripted(*[echo(code)] * 3) as server:
        chat = model(server)
        with pytest.raises(LLMError) as error:
            call(chat)
    shown = [str(error.value), repr(error.value), repr(chat), caplog.text, *traceback.format_exception(error.value)]
    assert KEY not in "".join(shown)


def test_what_a_server_says_is_shown_as_one_short_plain_line() -> None:
    with scripted(status(418, "a\u202eb\n\n\x1b[31mc " + "word " * 999)) as server, pytest.raises(LLMError) as error:
        written(server)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400


def test_a_text_that_cannot_be_encoded_is_sent_as_far_as_it_can() -> None:
    with scripted(stream("Tea.")) as server:
        assert list(model(server).write([Message("user", "a\ud800b")])) == ["Tea."]
    assert server.requests[0].body["messages"][0]["content"] == "a?b"


def test_one_object_serves_many_threads() -> None:
    def answer(exchange: Exchange) -> None:
        assert exchange.request
        said = exchange.request.body["messages"][-1]["content"]
        (stream(said) if exchange.request.body.get("stream") else reply({"score": 1, "said": said}))(exchange)

    with scripted(*[answer] * 40) as server, ThreadPoolExecutor(8) as pool:
        chat = model(server)
        asks = [[Message("user", str(number))] for number in range(20)]
        filled = pool.map(lambda ask: chat.fill(ask, Verdict)[0].said, asks)
        wrote = pool.map(lambda ask: "".join(chat.write(ask)), asks)
        assert list(filled) == list(wrote) == [str(number) for number in range(20)]


def test_a_server_is_reachable_if_it_lists_the_model() -> None:
    with scripted(models=("small",)) as server:
        assert reachable(server.url, KEY, "small") == ""
        assert "it serves small" in reachable(server.url, KEY, "large")
