"""Without a language model, each manner of answering does something sensible with what the bank knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coach.conversations import Conversations
from coach.domain import Answer, AnswerKind, Manner
from coach.service import Coach
from tests.asking import GREEN, OOLONG, answered, keyless


@pytest.fixture
def asking(small_coach: Coach, tmp_path: Path) -> Conversations:
    return keyless(small_coach, tmp_path / "history.db")


def told(asking: Conversations, manner: Manner, question: str = GREEN) -> Answer:
    answer = answered(asking, question, manner=manner)
    assert (answer.kind, answer.manner) == (AnswerKind.EXTRACTED, manner)
    used = {int(number) for number in re.findall(r"\[(\d+)\]", answer.text)}
    assert used == set(range(1, len(answer.citations) + 1))
    assert all(citation.quote in citation.passage.text for citation in answer.citations)
    return answer


def test_simply_is_the_key_points_in_their_plainest_words(asking: Conversations) -> None:
    assert told(asking, Manner.SIMPLE).text == "- You let the kettle cool before pouring. [1]"


def test_deeper_adds_what_people_get_wrong(asking: Conversations) -> None:
    text = told(asking, Manner.DEEPER).text
    assert "A second infusion" in text
    assert "Not so: Green tea is brewed with boiling water for ten minutes. Rather: the water stays below boiling." in text


def test_a_comparison_has_both_sides_under_their_headings(asking: Conversations) -> None:
    text = told(asking, Manner.COMPARE, "green tea vs oolong").text
    assert text.count("**") == 4
    assert GREEN in text
    assert OOLONG in text


def test_an_example_is_a_sentence_with_one(asking: Conversations) -> None:
    assert "75 degrees" in told(asking, Manner.EXAMPLE).text
    answer = told(asking, Manner.EXAMPLE, "How can a boat sail against the wind?")
    assert "gives no example" in answer.note


def test_what_is_asked_next_comes_from_the_bank(asking: Conversations) -> None:
    assert told(asking, Manner.NEXT).asks == ("And what then?", OOLONG, "How can a boat sail against the wind?")


def test_a_quiz_names_the_question_to_practice(asking: Conversations) -> None:
    answer = told(asking, Manner.QUIZ)
    assert (answer.practice, answer.text) == ("TE01", f"Practice this one: {GREEN}")


@pytest.mark.parametrize("manner", [Manner.SIMPLE, Manner.QUIZ, Manner.DEEPER, Manner.NEXT])
def test_without_a_bank_the_material_still_answers(small_coach: Coach, manner: Manner) -> None:
    *_, answer = small_coach.answering(GREEN, manner=manner)
    assert isinstance(answer, Answer)
    assert answer.kind is AnswerKind.EXTRACTED
    assert answer.text


@pytest.mark.parametrize("manner", list(Manner))
def test_what_is_not_there_is_refused_in_every_manner(asking: Conversations, manner: Manner) -> None:
    assert answered(asking, "Who won the football match yesterday evening?", manner=manner).kind is AnswerKind.REFUSED


def test_ask_alone_still_gives_a_plain_answer(small_coach: Coach) -> None:
    answer = small_coach.ask(GREEN)
    assert (answer.kind, answer.manner, answer.searched, answer.note) == (AnswerKind.EXTRACTED, Manner.PLAIN, "", "")
