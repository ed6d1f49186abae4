"""Conversations: what is kept when, what can be done with them, follow-ups, limits and what is spent."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.conversation import MAX_TURNS, Answered, Asked, Conversation, Event, Failed, Stopped, event, record
from coach.conversations import CONVERSATION, Conversations
from coach.domain import Answer, AnswerKind, Manner, Part, Spent, Stage
from coach.errors import BadInput, BadMove, BadQuestion, Conflict, EmbedderError, StorageError
from coach.ports import Record
from coach.resolve import MAX_CARRIED
from coach.service import Coach
from coach.transcript import as_json, markdown
from tests.asking import GREEN, HONEST, KEY, NOON, OOLONG, answered, keyless, served
from tests.llm_server import raw, reply, status, stream

SAILS = "How can a boat sail against the wind?"
SPENT = Spent("small", 1, 700, 300, counted=True, cost=0.5, seconds=1.0)


@pytest.fixture
def asking(small_coach: Coach, tmp_path: Path) -> Conversations:
    return keyless(small_coach, tmp_path / "history.db")


def said(asking: Conversations, *questions: str) -> Conversation:
    """A new conversation in which these were asked."""
    conversation = asking.new()
    for question in questions:
        list(asking.ask(conversation, question))
        conversation = asking.open(conversation.id)
    return conversation


def test_a_question_is_on_disk_before_it_is_answered(asking: Conversations) -> None:
    conversation = asking.new()
    next(asking.ask(conversation, GREEN))
    kept = asking.open(conversation.id)
    assert kept.turns[0].asked.question == GREEN
    assert kept.turns[0].answer is None


def test_an_empty_conversation_is_not_kept(asking: Conversations) -> None:
    asking.new()
    with pytest.raises(BadQuestion):
        list(asking.ask(asking.new(), "  "))
    assert asking.all() == []


def test_a_conversation_comes_back_as_it_was(asking: Conversations) -> None:
    conversation = asking.new()
    *_, answer = asking.ask(conversation, GREEN)
    *_, second = asking.ask(asking.open(conversation.id), OOLONG, Manner.SIMPLE)
    turns = asking.open(conversation.id).turns
    assert [turn.answer for turn in turns] == [answer, second]
    assert turns[1].asked.manner is Manner.SIMPLE


def test_it_is_named_after_its_first_question_until_somebody_renames_it(asking: Conversations) -> None:
    conversation = said(asking, GREEN, SAILS)
    assert conversation.name == GREEN
    asking.rename(conversation.id, " My\ttea \n notes ")
    assert asking.open(conversation.id).name == "My tea notes"


def test_two_tabs_do_not_mix(asking: Conversations) -> None:
    one, other = asking.new(), asking.new()
    first, second = asking.ask(one, GREEN), asking.ask(other, SAILS)
    for _ in range(2):
        next(first), next(second)
    list(first), list(second)
    assert [turn.asked.question for turn in asking.open(one.id).turns] == [GREEN]
    assert [turn.asked.question for turn in asking.open(other.id).turns] == [SAILS]
    stale = asking.open(one.id)
    list(asking.ask(stale, OOLONG))
    with pytest.raises(Conflict, match="another window"):
        list(asking.ask(stale, SAILS))


def test_a_deleted_conversation_comes_back_from_what_delete_gave(asking: Conversations) -> None:
    conversation = said(asking, GREEN)
    deleted = asking.delete(conversation.id)
    assert asking.all() == []
    with pytest.raises(Conflict, match="deleted"):
        list(asking.ask(conversation, SAILS))
    asking.restore(deleted)
    assert asking.open(conversation.id) == conversation
    with pytest.raises(Conflict):
        asking.restore(deleted)


def test_what_is_not_there_cannot_be_opened_or_deleted(asking: Conversations) -> None:
    asking.history.begin("interview-1", "interview", "An interview", NOON)
    for id_ in ("nowhere", "interview-1"):
        with pytest.raises(BadInput, match="no such conversation"):
            asking.open(id_)
        with pytest.raises(BadInput, match="no such conversation"):
            asking.delete(id_)


def test_find_looks_at_names_questions_and_answers(asking: Conversations) -> None:
    tea, sails = said(asking, GREEN), said(asking, SAILS)
    asking.rename(sails.id, "Holiday")
    assert [found.stream.id for found in asking.find("SCALDS leaves")] == [tea.id]
    assert "scalds the leaves" in asking.find("scalds")[0].around
    assert [found.stream.id for found in asking.find("holiday")] == [sails.id]
    assert {found.stream.id for found in asking.find("the")} == {tea.id, sails.id}
    assert asking.find("zeppelin") == []


def test_one_record_that_cannot_be_read_does_not_hide_the_others(asking: Conversations) -> None:
    said(asking, GREEN)
    asking.history.begin("broken", CONVERSATION, "broken", NOON)
    asking.history.append("broken", 0, Record("answered", NOON, {"answer": 7}))
    assert len(asking.find("tea")) == 1
    with pytest.raises(StorageError, match="'answered' in a conversation cannot be read"):
        asking.open("broken")


def test_a_failure_is_kept_with_its_question(asking: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def embed(self, _texts: object) -> None:
            raise EmbedderError("The model is gone.")

    broken = replace(asking, coach=replace(asking.coach, embedder=Broken()))  # type: ignore[arg-type]
    conversation = broken.new()
    with pytest.raises(EmbedderError):
        list(broken.ask(conversation, GREEN))
    assert asking.open(conversation.id).turns[0].trouble == "The model is gone."


def test_going_away_keeps_what_was_shown(asking: Conversations) -> None:
    conversation = asking.new()
    steps = asking.ask(conversation, GREEN)
    shown = next(step for step in steps if isinstance(step, Part))
    steps.close()
    turn = asking.open(conversation.id).turns[0]
    assert (turn.partial, turn.open) == (shown.text, False)
    early = asking.new()
    steps = asking.ask(early, GREEN)
    assert isinstance(next(steps), Stage)
    steps.close()
    assert asking.open(early.id).turns[0].open


def test_a_conversation_has_an_end(asking: Conversations) -> None:
    full = Conversation("c", "long", (said(asking, GREEN).turns[0],) * MAX_TURNS, 2 * MAX_TURNS)
    with pytest.raises(BadMove, match="Begin another"):
        list(asking.ask(full, GREEN))


def test_a_follow_up_is_searched_for_with_what_it_is_about(asking: Conversations) -> None:
    turns = said(asking, GREEN, "and why is that bitter?").turns
    answer = turns[-1].answer
    assert answer
    assert "tea" in answer.searched
    assert answer.question == "and why is that bitter?"
    assert answer.citations[0].passage.heading == GREEN


def test_a_new_question_is_left_alone(asking: Conversations) -> None:
    answer = said(asking, GREEN, SAILS).turns[-1].answer
    assert answer
    assert answer.searched == ""
    assert answer.citations[0].passage.heading == SAILS


def test_a_manner_without_a_question_is_about_the_last_one(asking: Conversations) -> None:
    conversation = said(asking, GREEN)
    *_, answer = asking.ask(conversation, manner=Manner.QUIZ)
    assert isinstance(answer, Answer)
    assert (answer.question, answer.practice) == (GREEN, "TE01")
    with pytest.raises(BadQuestion):
        list(asking.ask(asking.new(), manner=Manner.QUIZ))


def test_after_thirty_turns_the_last_follow_up_still_resolves(asking: Conversations) -> None:
    conversation = said(asking, GREEN, *["why is that?"] * 28)
    with served(asking, reply({"question": "Why is green tea bitter?"}), stream(HONEST)) as (talking, server):
        *_, answer = talking.ask(conversation, "and why is that bitter?")
    assert isinstance(answer, Answer)
    assert answer.searched == "Why is green tea bitter?"
    assert all(len(request.raw) < 6_000 for request in server.requests)
    assert all(len(turn.searched) <= MAX_CARRIED for turn in asking.open(conversation.id).said)
    *_, keyless_answer = asking.ask(asking.open(conversation.id), "and the second infusion of it?")
    assert isinstance(keyless_answer, Answer)
    assert keyless_answer.citations[0].passage.heading == GREEN


@pytest.mark.parametrize(
    "rewritten",
    [
        "",
        "?",
        "x " * 400,
        "Why is AcmeTea the best in the world?",
        "What is tea? Why? How?",
        "green tea https://evil.test bitter",
    ],
)
def test_a_rewriting_that_is_not_one_question_of_this_conversation_is_not_used(asking: Conversations, rewritten: str) -> None:
    conversation = said(asking, GREEN)
    with served(asking, reply({"question": rewritten[:490]}), stream(HONEST)) as (talking, _server):
        *_, answer = talking.ask(conversation, "and why is that bitter?")
    assert isinstance(answer, Answer)
    assert answer.searched.endswith(" and why is that bitter?")


def test_a_rewriting_that_fails_is_done_without_the_model(asking: Conversations) -> None:
    conversation = said(asking, GREEN)
    with served(asking, status(401), stream(HONEST)) as (talking, _server):
        *_, answer = talking.ask(conversation, "and why is that bitter?")
    assert isinstance(answer, Answer)
    assert (answer.kind, answer.searched) == (AnswerKind.WRITTEN, f"{GREEN} and why is that bitter?")


def test_a_question_that_stands_by_itself_costs_one_call(asking: Conversations) -> None:
    conversation = said(asking, GREEN)
    with served(asking, stream("A boat sails against the wind by tacking [1].")) as (talking, server):
        list(talking.ask(conversation, SAILS))
    assert len(server.requests) == 1


def test_a_day_is_summed_and_a_limit_makes_answers_keyless(small_coach: Coach, tmp_path: Path) -> None:
    asking = keyless(small_coach, tmp_path / "history.db", most_tokens=1_500)
    asking.ledger.add(SPENT)
    with served(asking, stream(HONEST)) as (talking, _server):
        assert answered(talking).kind is AnswerKind.WRITTEN
        asking.ledger.add(SPENT)
        answer = answered(talking)
    assert answer.kind is AnswerKind.EXTRACTED
    assert answer.note == "Today's limit of 1,500 tokens is used up (2,012). These are the material's own sentences."
    today = asking.ledger.today()
    assert (today.calls, today.tokens, today.cost) == (3, 2_012, None)


def test_a_limit_of_cost_and_another_day(small_coach: Coach, tmp_path: Path) -> None:
    asking = keyless(small_coach, tmp_path / "history.db", most_cost=1.0)
    asking.ledger.add(SPENT)
    assert asking.ledger.used_up() == ""
    asking.ledger.add(SPENT)
    assert asking.ledger.used_up() == "Today's limit of 1 is used up (1)."
    tomorrow = replace(asking.ledger, now=lambda: NOON + timedelta(days=1))
    assert tomorrow.used_up() == ""
    tomorrow.add(SPENT)
    assert [(day.on.day, day.cost) for day in tomorrow.days()] == [(22, 0.5), (21, 1.0)]


def test_deleting_a_conversation_does_not_give_tokens_back(asking: Conversations) -> None:
    with served(asking, stream(HONEST)) as (talking, _server):
        conversation = talking.new()
        list(talking.ask(conversation, GREEN))
        talking.delete(conversation.id)
    assert asking.ledger.today().tokens == 12


def test_what_leaves_the_machine_is_listed(asking: Conversations) -> None:
    assert asking.leaves() == ()
    with served(asking) as (talking, _server):
        assert any("question" in line and "small at loopback" in line for line in talking.leaves())


def test_no_key_is_in_a_log_a_note_or_the_history(small_coach: Coach, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    asking = keyless(small_coach, tmp_path / "history.db")
    bad = status(401, f"Incorrect API key provided: {KEY}")
    echo = raw(KEY.encode(), 500)
    with served(asking, bad, stream(HONEST), echo, stream(f"{HONEST} {KEY}")) as (talking, _server):
        answers = [answered(talking) for _ in range(3)]
    asking.history.close()
    assert KEY not in str(answers[:3])
    assert KEY not in caplog.text
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("history.db*"))
    assert KEY.encode() not in kept


def test_an_export_is_whole_and_nothing_in_it_is_live(asking: Conversations) -> None:
    conversation = said(asking, f"{GREEN} <img src=x> ![x](http://evil.test)", "Who won the football match?")
    text = markdown(conversation)
    assert "> Green tea is brewed with water well below boiling" in text
    assert "That is not in the material." in text
    assert "\\<img" in text
    assert "\\![x]\\(http" in text
    whole = as_json(conversation)
    turns = whole["turns"]
    assert isinstance(turns, list)
    assert turns[0]["answer"]["citations"][0]["quote"] in turns[0]["answer"]["citations"][0]["passage"]["text"]


EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Asked, st.just(NOON), st.text(), st.sampled_from(Manner)),
    st.builds(Answered, st.just(NOON), st.builds(Answer, st.sampled_from(AnswerKind), st.text(), st.text())),
    st.builds(Stopped, st.just(NOON), st.text()),
    st.builds(Failed, st.just(NOON), st.text()),
)


@given(st.lists(EVENTS, max_size=8))
def test_any_run_of_events_folds_and_records_are_events_again(events: list[Event]) -> None:
    kept = [record(one) for one in events]
    assert [event(one) for one in kept] == events
    conversation = Conversation.from_records("c", "name", kept)
    assert conversation.records == len(events)
    assert len(conversation.turns) <= sum(isinstance(one, Asked) for one in events)
    assert isinstance(markdown(conversation), str)
