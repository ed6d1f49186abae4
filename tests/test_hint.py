from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.domain import Grade, KeyPoint, PointVerdict, Question, Verdict
from coach.hint import GAP, follow_up, ladder, most_valuable
from coach.interview import HINTS, Style
from coach.text import words
from ingest.read import whole_bank
from tests.conftest import CORPUS
from tests.interviews import BOAT, CUES, GREEN, OOLONG_TEA

BANK = [question for topic in whole_bank(CORPUS).topics for question in topic.questions]
ONE = "A boat sails against the wind by tacking at an angle."


def asking(prompt: str, *points: str | KeyPoint) -> Question:
    return replace(GREEN, prompt=prompt, key_points=tuple(p if isinstance(p, KeyPoint) else KeyPoint(p, 3) for p in points))


def hints(question: Question, known: str = "", left: tuple[int, ...] = ()) -> tuple[str, ...]:
    return ladder(question, CUES, known or question.prompt, left)


def given_away(point: str, said: str) -> set[str]:
    """The words of a point that were said."""
    return set(words(point)) & set(words(said))


def verdict(weight: int, kind: Verdict, said: str = "", text: str = ONE) -> PointVerdict:
    return PointVerdict(KeyPoint(text, weight), kind, said, 0.9)


@pytest.mark.parametrize("question", [GREEN, OOLONG_TEA, BOAT, *BANK[::7]], ids=lambda question: question.id)
def test_there_are_three_hints_each_of_which_gives_more_of_the_heaviest_point(question: Question) -> None:
    steps = hints(question)
    first = max(question.key_points, key=lambda point: point.weight).text
    known = given_away(first, question.prompt)
    shares = [given_away(first, " ".join(steps[:number])) - known for number in range(HINTS + 1)]
    assert len(steps) == HINTS
    assert shares[0] < shares[1] < shares[2] < shares[3]


@pytest.mark.parametrize("question", BANK[::5], ids=lambda question: question.id)
def test_no_hint_says_a_whole_point(question: Question) -> None:
    for hint in hints(question):
        for point in question.key_points:
            assert point.text.rstrip(".") not in hint


def test_the_first_hint_counts_the_points() -> None:
    assert hints(GREEN)[0].startswith("A full answer makes 3 points, 1 of them essential. Begin with what turns on: ")
    assert hints(asking("Why?", ONE))[0].startswith("A full answer makes one point.")
    bonus = asking("Why?", KeyPoint(ONE, 1), KeyPoint("The keel keeps it straight.", 2))
    assert "2 points, none of them essential." in hints(bonus)[0]


def test_hints_are_about_what_a_draft_has_not_said() -> None:
    assert "keel" not in hints(BOAT, left=(0,))[1]
    assert "keel" in hints(BOAT, left=(1,))[1].lower()


def test_what_a_follow_up_has_named_is_no_hint_any_more() -> None:
    question = asking("How?", ONE)
    cue = CUES.of(ONE, "How?")
    assert cue in hints(question)[0]
    assert cue not in " ".join(hints(question, f"How? It turns on: {cue}.")[:2])


def test_a_point_of_one_word_is_never_its_own_cue() -> None:
    assert CUES.of("Tacking.", "") == ""
    assert CUES.of("Cold brew.", "") in {"Cold", "brew"}


def test_a_point_whose_words_all_stand_in_the_question_gets_hints_that_say_something() -> None:
    question = asking(f"Is it true? {ONE}", ONE)
    count, words_, gaps = hints(question)
    assert count == "A full answer makes one point."
    assert words_.startswith("The first point takes 11 words")
    assert GAP in gaps
    assert gaps != f"Fill the gaps: {ONE}"


def test_a_question_without_key_points_has_no_hints() -> None:
    assert hints(replace(GREEN, key_points=())) == ()


SAID = st.lists(
    st.sampled_from(["boat", "KV", "it", "the", "wind-up", "is", "tack", "x", "a", "don't", "42", "über"]), max_size=7
)
TEXTS = SAID.map(lambda said: " ".join(said) + ".")


@settings(deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_no_hint_is_an_empty_sentence(prompt: str, points: list[str]) -> None:
    steps = hints(asking(prompt, *points), known=prompt)
    assert len(set(steps)) == HINTS
    for hint in steps[:2]:
        assert not re.search(r": *[.;]|; *[.;]|\s{2}|\s$", hint)
        assert not any(words(point) and f" {point}" in hint for point in points if len(words(point)) > 2)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_a_cue_is_a_part_of_the_text_and_not_in_what_is_known(text: str, known: str) -> None:
    cue = CUES.of(text, known)
    assert cue in text
    assert not cue or len(words(cue)) < len(words(text))
    assert not set(words(cue)) & set(words(known))


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("question", BANK[::23], ids=lambda question: question.id)
def test_a_follow_up_never_gives_a_missing_point_away(question: Question, style: Style) -> None:
    grade = Grade(0.0, tuple(PointVerdict(point, Verdict.MISSING, "", 0.9) for point in question.key_points))
    for number, point in enumerate(question.key_points):
        asked = follow_up(grade, number, question, CUES, style)
        assert len(given_away(point.text, asked) - given_away(point.text, question.prompt)) < len(set(words(point.text))) / 2
        assert point.text.rstrip(".") not in asked


@pytest.mark.parametrize("style", Style)
def test_a_follow_up_on_what_was_not_said_praises_nothing(style: Style) -> None:
    asked = follow_up(Grade(0.0, (verdict(3, Verdict.MISSING),)), 0, BOAT, CUES, style)
    assert not set(words(asked)) & {"good", "great", "well", "nice", "right"}


@pytest.mark.parametrize("kind", [Verdict.CONTRADICTED, Verdict.PARTIAL])
def test_a_follow_up_on_what_was_said_quotes_it_and_nothing_else(kind: Verdict) -> None:
    said = "Straight into\nthe wind,  with a deep keel"
    asked = follow_up(Grade(0.0, (verdict(3, kind, said),)), 0, BOAT, CUES, Style.NEUTRAL)
    assert "You said: “Straight into the wind, with a deep keel”" in asked
    assert "tacking" not in asked


def test_a_quote_without_end_is_cut() -> None:
    assert len(follow_up(Grade(0.0, (verdict(3, Verdict.PARTIAL, "so " * 9_000),)), 0, BOAT, CUES, Style.PROBING)) < 500


def test_a_follow_up_on_a_point_in_the_question_s_own_words_asks_openly() -> None:
    grade = Grade(0.0, (verdict(3, Verdict.MISSING),))
    assert follow_up(grade, 0, asking(ONE, ONE), CUES, Style.NEUTRAL).endswith("was left out. What would you add?")


@pytest.mark.parametrize(
    ("verdicts", "number"),
    [
        ([(3, Verdict.MISSING), (1, Verdict.CONTRADICTED)], 1),
        ([(3, Verdict.PARTIAL), (1, Verdict.MISSING)], 1),
        ([(1, Verdict.MISSING), (3, Verdict.MISSING), (3, Verdict.MISSING)], 1),
        ([(3, Verdict.COVERED), (1, Verdict.PARTIAL)], 1),
        ([(3, Verdict.COVERED)], None),
        ([], None),
    ],
)
def test_the_most_valuable_point_is_wrong_before_missing_before_vague_and_then_the_heaviest(
    verdicts: list[tuple[int, Verdict]], number: int | None
) -> None:
    assert most_valuable(Grade(1.0, tuple(verdict(weight, kind) for weight, kind in verdicts))) == number
