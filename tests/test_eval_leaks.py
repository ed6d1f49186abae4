"""No case is in the index or in what anything was fitted on: numbers over what was learned by heart mean nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from coach.domain import Question
from coach.text import sentences, words
from eval import answers, attacks, entail, follow_ups, grading
from eval.cases import FOLDER, load_retrieval
from eval.follow_ups import FOLLOW_UP
from ingest.read import whole_bank
from tests.conftest import CORPUS

# Shared words of two texts, of all their words.
NEAR = 0.85


@pytest.fixture(scope="module")
def indexed() -> list[set[str]]:
    """The words of every way of asking and every sentence of an answer."""
    return [said for question in whole_bank(CORPUS).questions for text in texts(question) if (said := set(words(text)))]


def texts(question: Question) -> Iterable[str]:
    yield from question.askings
    for line in question.answer.split("\n"):
        yield from sentences(line)


def near(asked: str, indexed: list[set[str]]) -> bool:
    own = set(words(asked))
    return any(len(own & said) >= NEAR * len(own | said) for said in indexed)


@pytest.mark.parametrize("kind", ["retrieval", "answers", "follow-ups"])
def test_no_question_of_a_case_stands_in_the_index(kind: str, indexed: list[set[str]]) -> None:
    asked = {
        "retrieval": [case.user_input for case in load_retrieval(*sorted(FOLDER.glob("retrieval*.jsonl")))],
        "answers": [ask.user_input for ask in answers.load()],
        "follow-ups": [dialog.turns[-1] for dialog in follow_ups.load() if dialog.kind == FOLLOW_UP],
    }[kind]
    assert [text for text in asked if near(text, indexed)] == []


def test_the_grader_is_judged_on_questions_that_nothing_of_it_was_fitted_on() -> None:
    replies = grading.load()
    fitted = {reply.question_id for reply in replies if not reply.held_back}
    held_back = {reply.question_id for reply in replies if reply.held_back}
    attacked = {attack.question_id for attack in attacks.load()}
    trained = {statement.question_id for statement in entail.load()}
    assert not held_back & (fitted | trained)
    assert not attacked & (fitted | trained)


def test_the_refusal_is_judged_on_families_it_was_not_fitted_on() -> None:
    cases = load_retrieval(*sorted(FOLDER.glob("retrieval*.jsonl")))
    assert not {case.family for case in cases if case.held_back} & {case.family for case in cases if not case.held_back}
