"""A language model on a real server writes answers: what is shown of them, what is not, and what every fault comes to."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.adapters.llm import OpenAIModel
from coach.conversations import Conversations
from coach.domain import Answer, AnswerKind, Doing, Manner, Part, Stage
from coach.ledger import Prices
from coach.pace import paced
from coach.service import Coach
from coach.support import Evidence
from coach.write import MARK, MAX_ANSWER, NOTHING_SUPPORTED, STOPPED, Draft, Stop, messages
from tests.asking import GREEN, HONEST, KEY, OOLONG, answered, keyless, served, text_of, writing
from tests.llm_server import Step, drip, drop, raw, scripted, stall, status, stream

WRITTEN = "Green tea is brewed with water well below boiling, at about 75 degrees. [1] Boiling water scalds the leaves. [2]"


@pytest.fixture
def asking(small_coach: Coach, tmp_path: Path) -> Conversations:
    return keyless(small_coach, tmp_path / "history.db")


def written(asking: Conversations, *parts: str, **how: Any) -> Answer:
    with served(asking, stream(*parts)) as (talking, _server):
        return answered(talking, **how)


def test_every_sentence_is_cited_with_the_words_that_say_it(asking: Conversations) -> None:
    answer = written(asking, HONEST)
    assert (answer.kind, answer.text) == (AnswerKind.WRITTEN, WRITTEN)
    first, second = answer.citations
    assert first.quote == "Green tea is brewed with water well below boiling, at about 75 degrees."
    assert second.quote.startswith("Boiling water scalds the leaves")
    assert all(citation.quote in citation.passage.text for citation in answer.citations)


def test_stages_then_whole_sentences_then_the_answer(asking: Conversations) -> None:
    with served(asking, stream(*(f"{word} " for word in HONEST.split()))) as (talking, _server):
        *steps, answer = talking.ask(talking.new(), GREEN)
    assert [str(step) for step in steps if isinstance(step, Stage)] == ["searching", "reading 3 passages", "writing"]
    assert [step.text for step in steps if isinstance(step, Part)] == [WRITTEN[:75], WRITTEN[75:]]
    assert isinstance(answer, Answer)
    assert text_of(steps) == answer.text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_what_is_shown_does_not_depend_on_how_it_comes(asking: Conversations, size: int) -> None:
    text = (
        "Green tea is brewed well below boiling [9]. It cures fever. [1]\n\n- Boiling water scalds leaves. [1]\n- See [x](y).\n"
    )
    whole = written(asking, text)
    parts = [text[i : i + size] for i in range(0, len(text), size)]
    again = written(asking, *parts)
    assert (again.text, again.checked) == (whole.text, whole.checked)


def test_a_citation_of_a_passage_that_was_never_given_is_removed_and_counted(asking: Conversations) -> None:
    answer = written(asking, "Green tea is brewed with water well below boiling [9]. The leaves steep for two minutes [0][77].")
    assert "9" not in answer.text
    assert answer.checked
    assert (answer.checked.unknown, answer.checked.supported) == (3, 2)


def test_a_citation_of_the_wrong_passage_is_moved_to_the_right_one(asking: Conversations) -> None:
    answer = written(asking, "Green tea is brewed with water well below boiling, at about 75 degrees [2].")
    assert answer.citations[0].passage.heading == GREEN
    assert answer.checked
    assert answer.checked.moved == 1


@pytest.mark.parametrize("marker", ["[1]", "[S1]", "【1】", "[^1]", "[1, 1]", "[source 1]"])
def test_models_cite_in_many_ways(asking: Conversations, marker: str) -> None:
    for text in (f"The leaves steep for two minutes {marker}.", f"The leaves steep for two minutes.{marker}"):
        answer = written(asking, text)
        assert answer.text == "The leaves steep for two minutes. [1]"


@pytest.mark.parametrize(
    "claim",
    [
        "AcmeTea is the best tea in the world",
        "Boiling water does not scald the leaves",
        "Green tea is brewed with water at about 85 degrees",
        "The leaves steep for five minutes",
        "Green tea is brewed with water well above boiling",
        "The leaves must never steep twice",
    ],
)
def test_a_sentence_that_no_passage_says_is_marked(asking: Conversations, claim: str) -> None:
    answer = written(asking, f"{HONEST} {claim} [1].")
    assert answer.text.endswith(f" {claim}. {MARK}")
    assert answer.checked
    assert answer.checked.unsupported == (f"{claim}.",)


def test_one_sentence_of_a_bullet_does_not_vouch_for_another(asking: Conversations) -> None:
    answer = written(asking, "- The leaves steep for two minutes [1]. AcmeTea ships for free [1].\n")
    assert answer.text == f"- The leaves steep for two minutes. [1] AcmeTea ships for free. {MARK}"


def test_a_quotation_that_stands_nowhere_loses_its_marks(asking: Conversations) -> None:
    answer = written(
        asking, 'The material says "boiling water scalds the leaves quickly" [1]. "The leaves steep for two minutes" [1].'
    )
    assert '"boiling' not in answer.text
    assert '"The leaves steep for two minutes"' in answer.text
    assert answer.checked
    assert answer.checked.quotes == 1


def test_links_and_tags_are_not_the_models_to_give(asking: Conversations) -> None:
    answer = written(
        asking,
        f"{HONEST} The leaves steep for [two minutes](https://evil.test) <b>only</b> ![x](https://evil.test/x.png) [1].",
    )
    assert not re.search(r"https?:|<b>|!\[|\]\(", answer.text)
    assert answer.checked
    assert answer.checked.links == 4


def test_code_is_left_alone(asking: Conversations) -> None:
    answer = written(asking, f"{HONEST}\n\n```python\nleaves[1] = steep(2)\n```\n\nThe `x[1]` leaves steep for two minutes [1].")
    assert "leaves[1] = steep(2)" in answer.text
    assert "`x[1]`" in answer.text


def test_a_reply_that_stands_nowhere_is_never_seen_and_the_material_answers(asking: Conversations) -> None:
    with served(asking, stream("I love AcmeTea. ", "Buy it now [1]. ", "I cannot answer that.")) as (talking, _server):
        *steps, answer = talking.ask(talking.new(), GREEN)
    assert isinstance(answer, Answer)
    assert (answer.kind, answer.note) == (AnswerKind.EXTRACTED, NOTHING_SUPPORTED)
    assert text_of(steps) == answer.text == answered(asking).text
    assert answer.spent


def test_what_the_material_does_not_answer_is_refused_without_a_call(asking: Conversations) -> None:
    with served(asking) as (talking, server):
        answer = answered(talking, "Who won the football match yesterday evening?")
    assert answer.kind is AnswerKind.REFUSED
    assert not server.requests


FAULTS: dict[str, tuple[Step, str]] = {
    "401": (status(401, f"bad key {KEY}"), "refuses the key"),
    "404": (status(404, "no such model", code="model_not_found"), "has no 'small'"),
    "429": (status(429), "at its limit"),
    "429 with a wait": (status(429, retry_after=3600), "asks to wait"),
    "500": (status(500), "status 500"),
    "503": (raw(b"<html>Bad gateway</html>", 503, "text/html"), "status 503"),
    "no answer": (stall, "sent nothing for 0.5 s"),
    "thoughts only": (stream({"reasoning_content": "Hm."}, finish="length"), "wrote nothing"),
    "a tool": (stream({"tool_calls": [{"index": 0, "function": {"name": "search"}}]}, finish="tool_calls"), "wrote nothing"),
    "a fault in the stream": (stream(b'data: {"error": {"message": "out of memory"}}\n\n', finish=None), "out of memory"),
    "a chunk cut off": (stream(b'data: {"choices": [{"del\n\n', finish=None), "cannot be read"),
    "garbage": (raw(b"<html>hello</html>", kind="text/html"), "cannot be read"),
    "nothing": (stream(), "wrote nothing"),
    "no good end": (stream(finish=None, then=drop), "broke the connection"),
    "invalid bytes": (stream(b"data: \xff\xfe\n\n", finish=None), "cannot be read"),
}


@pytest.mark.parametrize(("fault", "said"), FAULTS.values(), ids=FAULTS)
def test_when_the_model_fails_the_material_answers_and_says_so(asking: Conversations, fault: Step, said: str) -> None:
    with scripted(fault) as server:
        talking = writing(asking, OpenAIModel(server.url, KEY, "small", retries=0, timeout=0.5))
        *steps, answer = talking.ask(talking.new(), GREEN)
    assert isinstance(answer, Answer)
    assert answer.kind is AnswerKind.EXTRACTED
    assert answer.text == text_of(steps) == answered(asking).text
    assert answer.note.startswith("The language model could not answer, so these are the material's own sentences: ")
    assert said in answer.note
    assert KEY not in answer.note


CUTS: dict[str, tuple[Step, str]] = {
    "cut": (drop, "broke the connection"),
    "stalled": (stall, "sent nothing for 0.5 s"),
    "a chunk cut off": (lambda exchange: exchange.chunk(b'data: {"choices": [{"del\n\n'), "cannot be read"),
    "invalid bytes": (lambda exchange: exchange.chunk(b"data: \xff\xfe\n\n"), "cannot be read"),
    "a fault": (lambda exchange: exchange.chunk(b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
}


@pytest.mark.parametrize(("cut", "said"), CUTS.values(), ids=CUTS)
def test_a_cut_in_the_middle_keeps_what_was_shown_and_lets_the_material_answer(
    asking: Conversations, cut: Step, said: str
) -> None:
    with scripted(stream(f"{HONEST} The leaves", finish=None, then=cut)) as server:
        talking = writing(asking, OpenAIModel(server.url, KEY, "small", retries=0, timeout=0.5))
        *steps, answer = talking.ask(talking.new(), GREEN)
    assert isinstance(answer, Answer)
    assert answer.kind is AnswerKind.EXTRACTED
    assert answer.partial.startswith(WRITTEN)
    assert text_of(steps) == f"{answer.partial}\n\n{answer.text}"
    assert answer.note.startswith("The language model broke off")
    assert said in answer.note


@pytest.mark.parametrize(
    ("finish", "said"), [("length", "at the model's limit"), (None, "without an end mark"), ("content_filter", "filter")]
)
def test_a_text_that_ends_early_is_kept_and_marked(asking: Conversations, finish: str | None, said: str) -> None:
    with served(asking, stream(HONEST, finish=finish)) as (talking, _server):
        answer = answered(talking)
    assert (answer.text, answer.stopped) == (WRITTEN, True)
    assert said in answer.note


def test_too_long_a_prompt_is_halved_once(asking: Conversations) -> None:
    overflow = status(400, "too long", code="context_length_exceeded")
    with served(asking, overflow, stream(HONEST)) as (talking, server):
        assert answered(talking).text == WRITTEN
    first, second = (len(str(request.body["messages"])) for request in server.requests)
    assert second < first
    with served(asking, overflow, overflow) as (talking, _server):
        assert answered(talking).kind is AnswerKind.EXTRACTED


def test_an_endless_reply_is_cut(asking: Conversations) -> None:
    with served(asking, stream(*[f"{HONEST}\n\n"] * 200)) as (talking, _server):
        answer = answered(talking)
    assert len(answer.text) < 2 * MAX_ANSWER
    assert f"{MAX_ANSWER:,}" in answer.note


def test_closing_hangs_up_and_keeps_what_was_shown(asking: Conversations) -> None:
    with served(asking, stream(f"{HONEST} The", " next", finish=None, then=stall)) as (talking, server):
        conversation = talking.new()
        steps = talking.ask(conversation, GREEN)
        shown = next(step for step in steps if isinstance(step, Part))
        steps.close()
        assert server.hung_up.wait(1)
    turn = talking.open(conversation.id).turns[-1]
    assert (turn.partial, turn.answer) == (shown.text, None)


def test_stop_from_another_thread_ends_the_call_and_gives_the_partial_answer(asking: Conversations) -> None:
    with served(asking, stream(f"{HONEST} The", " next", finish=None, then=stall)) as (talking, server):
        stop, conversation = Stop(), talking.new()
        steps = talking.ask(conversation, GREEN, stop=stop)
        next(step for step in steps if isinstance(step, Part))
        threading.Timer(0.1, stop.press).start()
        *_, answer = steps
        assert server.hung_up.wait(1)
    assert isinstance(answer, Answer)
    assert (answer.stopped, answer.note) == (True, STOPPED)
    assert answer.text.startswith(WRITTEN)
    assert talking.open(conversation.id).turns[-1].answer == answer


def test_paced_steps_leave_whenever_the_reader_does(asking: Conversations) -> None:
    with served(asking, stream(finish=None, then=stall)) as (talking, server):
        stop, conversation = Stop(), talking.new()
        steps = paced(talking.ask(conversation, GREEN, stop=stop), stop, every=0.02)
        while next(steps) != Stage(Doing.WRITING):
            pass
        assert next(steps) is None
        steps.close()
        assert server.hung_up.wait(1)
    assert stop.pressed


def test_when_paced_steps_are_closed_what_had_come_is_on_disk(asking: Conversations) -> None:
    with served(asking, stream(f"{HONEST} ", "The leaves", finish=None, then=stall)) as (talking, _server):
        stop, conversation = Stop(), talking.new()
        steps = paced(talking.ask(conversation, GREEN, stop=stop), stop)
        shown = next(step.text for step in steps if isinstance(step, Part))
        steps.close()
        answer = talking.open(conversation.id).turns[0].answer
    assert answer
    assert answer.stopped
    assert answer.text.startswith(shown)


def test_paced_steps_are_the_same_and_raise_the_same(asking: Conversations) -> None:
    steps = [step for step in paced(asking.ask(asking.new(), GREEN), Stop(), every=5) if step]
    assert [type(step) for step in steps] == [Stage, Stage, Part, Answer]
    with pytest.raises(ZeroDivisionError):
        list(paced((1 / n for n in (1, 0)), Stop()))


def test_what_it_took_is_counted_or_said_to_be_estimated(asking: Conversations) -> None:
    with served(asking, stream(HONEST), stream(HONEST, usage=False), prices=Prices(2.0, 10.0)) as (talking, _server):
        counted, estimated = answered(talking), answered(talking)
    assert counted.spent
    assert (counted.spent.prompt_tokens, counted.spent.completion_tokens, counted.spent.counted) == (7, 5, True)
    assert counted.spent.cost == pytest.approx((7 * 2 + 5 * 10) / 1e6)
    assert estimated.spent
    assert not estimated.spent.counted
    assert estimated.spent.completion_tokens == -(-len(HONEST) // 4)


def test_an_unknown_price_is_not_guessed(asking: Conversations) -> None:
    answer = written(asking, HONEST)
    assert answer.spent
    assert answer.spent.cost is None


def test_the_prompt_fences_everything_and_stays_within_its_budget(asking: Conversations) -> None:
    coach = asking.coach
    found = coach._found(OOLONG, "", Manner.SIMPLE)
    system, user = messages(found, 1_000, "fence-9")
    assert system.content.count("fence-9") == 1
    assert user.content.count("fence-9") == 4
    assert "newcomer" in system.content
    whole = messages(found, 10_000, "f")[1].content
    assert all(stored.entry.passage.text.split("\n")[0] in whole for stored in found.stored)
    assert len(messages(found, 700, "f")[1].content) <= 700 + len(OOLONG) + 50
    assert "[3] " in messages(found, 1, "f")[1].content


def test_the_next_question_and_a_quiz_cost_no_call(asking: Conversations) -> None:
    with served(asking) as (talking, server):
        assert answered(talking, manner=Manner.QUIZ).practice == "TE01"
        assert answered(talking, manner=Manner.NEXT).asks[0] == "And what then?"
    assert not server.requests


def test_a_drip_without_content_ends(asking: Conversations) -> None:
    def soon(exchange: Any) -> None:
        drip(b": keep-alive\n\n")(exchange)

    with served(asking, soon) as (talking, _server):
        stop = Stop()
        threading.Timer(0.3, stop.press).start()
        assert answered(talking, stop=stop).stopped


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.sampled_from('Green tea.\n [1]9-#`|*“"<>()!?:75 not the leaves steep'), max_size=60), max_size=6))
def test_whatever_comes_is_either_cited_or_marked(small_coach: Coach, parts: list[str]) -> None:
    found = small_coach._found(GREEN, "", Manner.PLAIN)
    draft = Draft(Evidence(found.stored, GREEN, small_coach.lexicon, small_coach.index.about), small_coach.embedder)
    shown = "".join([*map(draft.after, parts), draft.rest()])
    assert shown == draft.shown
    numbers = {int(number) for number in re.findall(r"(?<=\s)\[(\d+)\](?=\s|$)", shown)}
    assert numbers <= set(range(1, len(draft.citations) + 1))
    assert all(citation.quote in citation.passage.text for citation in draft.citations)


def test_the_account_is_kept_of_calls_that_were_stopped(asking: Conversations) -> None:
    with served(asking, stream(f"{HONEST} The", " next", finish=None, then=stall)) as (talking, _server):
        steps = talking.ask(talking.new(), GREEN)
        next(step for step in steps if isinstance(step, Part))
        steps.close()
    today = asking.ledger.today()
    assert today.calls == 1
    assert today.tokens > 100
    assert not today.counted
