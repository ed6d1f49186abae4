"""Which questions need what was said before, what is carried into them, and what the committed dialogs hold."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.resolve import MAX_CARRIED, Resolver, Said, sides
from coach.service import Coach
from eval.follow_ups import FOLLOW_UP, SWITCH, load, measure, told
from ingest.read import whole_bank
from tests.conftest import CORPUS

TEA = Said("How is green tea brewed?", "How is green tea brewed?", "")


@pytest.fixture
def resolver(small_coach: Coach) -> Resolver:
    return small_coach.quoter.resolver


@pytest.mark.parametrize(
    "question",
    [
        "why?",
        "and why is that?",
        "what about oolong?",
        "and oolong?",
        "how does it taste?",
        "is it worth the trouble?",
        "why so?",
    ],
)
def test_a_follow_up_is_told_by_what_it_leaves_out(resolver: Resolver, question: str) -> None:
    assert resolver.follows(question)


@pytest.mark.parametrize(
    "question",
    ["How does a boat sail against the wind?", "and why does oolong keep floral notes?", "Is it worth steeping leaves twice?"],
)
def test_a_question_that_says_what_it_is_about_stands_by_itself(question: str) -> None:
    # Of three passages, every word is in a large share: the rarity of words needs a larger bank.
    from coach.adapters.lexicon import Bm25Lexicon
    from coach.ports import About, EmbedderId

    rare = Resolver(Bm25Lexicon(), About(1, EmbedderId("hashing", 256, ""), "", "", 400, 400, {}))
    assert not rare.follows(question)


def test_nothing_is_carried_into_a_first_question(resolver: Resolver) -> None:
    assert resolver.carried("and why is that?", ()) == ""


def test_what_the_last_question_was_about_is_carried_once(resolver: Resolver) -> None:
    assert resolver.carried("why is that?", (TEA,)).endswith(" why is that?")
    carried = resolver.carried("why is that?", (TEA,))
    again = resolver.carried("and that?", (Said("why is that?", carried, ""),))
    assert "tea" in again.lower()
    assert again.lower().count("green") <= 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400), st.text(max_size=400))
def test_any_text_is_carried_within_bounds(resolver: Resolver, question: str, before: str) -> None:
    assert len(resolver.carried(question, (Said(before, before, ""),))) <= MAX_CARRIED


@pytest.mark.parametrize(
    ("question", "compared"),
    [
        ("HNSW vs IVF", ("HNSW", "IVF")),
        ("What is the difference between LoRA and QLoRA?", ("LoRA", "QLoRA")),
        ("How does a cross-encoder differ from a bi-encoder?", ("cross-encoder", "bi-encoder")),
        ("What is chunking?", ()),
    ],
)
def test_the_two_sides_of_a_comparison_are_read_from_the_question(question: str, compared: tuple[str, ...]) -> None:
    assert sides(question) == compared


def test_the_committed_dialogs_are_enough_and_about_the_bank() -> None:
    dialogs = load()
    assert sum(dialog.kind == FOLLOW_UP for dialog in dialogs) >= 60
    assert sum(dialog.kind == SWITCH for dialog in dialogs) >= 30
    known = {question.id for question in whole_bank(CORPUS).questions}
    assert {id_ for dialog in dialogs for id_ in dialog.relevant} <= known
    assert len({dialog.id for dialog in dialogs}) == len(dialogs)


def test_the_report_runs_and_can_be_read(small_coach: Coach) -> None:
    report = measure(small_coach, load()[:3] + load()[-3:], [])
    assert len(report.rows) == 4
    assert "hit@1 resolved" in told(report)[0]
