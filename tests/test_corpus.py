"""The bank keeps its promises."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from coach.adapters.embed import SentenceEmbedder
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Level
from coach.wiring import make_grader
from ingest.check import findings
from ingest.meaning import finds_itself, grades_itself
from ingest.read import Bank, whole_bank
from ingest.sources import markdown, sources
from ingest.split import entries
from tests.conftest import CORPUS


@pytest.fixture(scope="module")
def bank() -> Bank:
    return whole_bank(CORPUS)


@pytest.fixture(scope="module")
def embedder() -> SentenceEmbedder:
    return SentenceEmbedder()


def test_nothing_in_the_bank_is_out_of_form(bank: Bank) -> None:
    assert [str(problem) for problem in findings(bank.topics)] == []


def test_every_topic_has_enough_questions_for_an_interview(bank: Bank) -> None:
    assert len(bank.topics) == 18
    assert len(bank.questions) >= 325
    assert all(len(topic.questions) >= 14 for topic in bank.topics)


def test_about_half_the_questions_are_of_middle_level(bank: Bank) -> None:
    levels = Counter(question.level for question in bank.questions)
    assert 0.4 <= levels[Level.MID] / len(bank.questions) <= 0.6
    assert min(levels.values()) / len(bank.questions) >= 0.2


def test_no_two_questions_are_worded_alike(bank: Bank) -> None:
    asked = Counter(asking.lower() for question in bank.questions for asking in question.askings)
    assert not [asking for asking, count in asked.items() if count > 1]


def test_what_ages_says_as_of_when(bank: Bank) -> None:
    dated = [question for question in bank.questions if " 2026" in question.answer]
    assert dated
    assert all(question.as_of for question in dated)


def test_the_list_of_sources_is_up_to_date(bank: Bank) -> None:
    assert (CORPUS / "SOURCES.md").read_text(encoding="utf-8") == markdown(sources(bank.questions))


@pytest.mark.model
@pytest.mark.timeout(900)
def test_ways_of_asking_find_their_own_question_when_left_out(bank: Bank, embedder: SentenceEmbedder) -> None:
    """On two topics; `coach check` does it for all."""
    topics = tuple(random.Random(20261121).sample(bank.topics, 2))
    questions = [question for topic in topics for question in topic.questions]
    share = finds_itself(questions, entries(topics), embedder, Bm25Lexicon())
    assert share.enough, share.rest


@pytest.mark.model
@pytest.mark.timeout(900)
def test_the_grader_agrees_with_the_bank_about_its_answers_and_misconceptions(bank: Bank, embedder: SentenceEmbedder) -> None:
    """On a sample; `coach check` does it for all."""
    sample = random.Random(20261121).sample(bank.questions, 15)
    own, wrong = grades_itself(sample, make_grader(embedder, entries(bank.topics)))
    assert own.enough, own.rest
    assert wrong.enough, wrong.rest
