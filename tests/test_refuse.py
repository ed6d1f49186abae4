from __future__ import annotations

from math import log

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.adapters.english import English
from coach.adapters.lexicon import Bm25Lexicon
from coach.answer import NOT_IN_MATERIAL, refuse
from coach.domain import AnswerKind, Hit, Judgement
from coach.ports import DEFAULT_EMBEDDER
from coach.refuse import FEATURES, Calibration, calibration_for, features, unknown_names
from coach.service import Coach
from tests.conftest import CALIBRATION

SHARES = st.floats(0, 1)
FITTED = calibration_for(DEFAULT_EMBEDDER)


def unknown(coach: Coach, question: str) -> list[str]:
    return unknown_names(question, coach.index.about, coach.lexicon, coach.english)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How does Muon change the brewing?", ["Muon"]),
        ("how does muon change the brewing", ["muon"]),
        ("WHAT DOES MUON CHANGE?", ["MUON"]),
        ("Is METEOR better than green tea?", ["METEOR"]),
        ("Does RM3 keep the leaves from scalding?", ["RM3"]),
        ("Is it true? kubernetes is needed", ["kubernetes"]),
        ("Which is better, the Lion or the tea?", ["Lion"]),
    ],
)
def test_a_name_that_stands_nowhere_in_the_material_is_unknown(small_coach: Coach, question: str, names: list[str]) -> None:
    assert unknown(small_coach, question) == names


@pytest.mark.parametrize(
    "question",
    [
        "Umbrella or coffee?",
        "Is it so? Yesterday it was. Coffee: Umbrella",
        "what about an umbrella, a football match and coffee yesterday",
        "WHAT ABOUT COFFEE AND FOOTBALL YESTERDAY?",
        "why doesn't, isn't, wouldn't and can't it",
        "what happened at 75 degrees, 3 or 10 times",
        "Is it an AI or a TV?",
        "",
        "?!… 🙂",
    ],
)
def test_everyday_words_small_numbers_and_a_sentence_s_capital_name_nothing(small_coach: Coach, question: str) -> None:
    assert unknown(small_coach, question) == []


@pytest.mark.parametrize("question", ["what happened to tea in 2019", "does it take 100000 leaves", "what comes in the 2nd step"])
def test_no_number_names_anything(small_coach: Coach, question: str) -> None:
    assert unknown(small_coach, question) == []


@pytest.mark.parametrize(
    "question", ["What is Oolong?", "what is OOLONG", "Does the Keel matter when Tacking?", "OXIDIZED oxidation"]
)
def test_what_stands_in_the_material_is_known_however_it_is_written(small_coach: Coach, question: str) -> None:
    assert unknown(small_coach, question) == []


def test_a_lion_is_a_name_only_where_it_is_written_like_one(small_coach: Coach) -> None:
    assert unknown(small_coach, "would a lion drink green tea") == []
    assert unknown(small_coach, "Lion or tea?") == []
    assert unknown(small_coach, "would Lion drink green tea") == ["Lion"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.text(max_size=120))
def test_unknown_names_are_words_of_the_question_in_order(small_coach: Coach, question: str) -> None:
    at = 0
    for name in unknown(small_coach, question):
        at = question.index(name, at) + len(name)


@given(
    st.tuples(SHARES, SHARES, st.sampled_from([0.0, 1.0]), st.floats(0, 10)),
    SHARES,
    st.sampled_from([0, 1]),
    st.sampled_from([FITTED, CALIBRATION]),
)
def test_more_evidence_never_makes_the_coach_less_sure(
    found: tuple[float, ...], more: float, which: int, calibration: Calibration
) -> None:
    better = tuple(max(value, more) if number == which else value for number, value in enumerate(found))
    assert 0 <= calibration.confidence(found) <= calibration.confidence(better) <= 1


@given(SHARES, SHARES, st.floats(0, 10))
def test_an_unknown_name_never_makes_the_coach_surer(dense: float, lexical: float, length: float) -> None:
    assert FITTED.confidence((dense, lexical, 1.0, length)) <= FITTED.confidence((dense, lexical, 0.0, length))


@given(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * len(FEATURES)))
def test_a_confidence_stays_a_confidence_whatever_the_weights(weights: tuple[float, ...]) -> None:
    assert 0 <= Calibration(weights, 1e300, 0.5).confidence((1.0, 1.0, 1.0, 1.0)) <= 1


def test_a_wrong_number_of_features_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="shorter"):
        FITTED.confidence((0.5, 0.5))


def test_features_are_both_scores_the_unknown_and_the_length(small_coach: Coach) -> None:
    hit = Hit(small_coach.search("green tea", 1)[0].passage, 1.1, 0.7, 0.4)
    assert features("how is tea brewed", hit, []) == (0.7, 0.4, 0.0, log(5))
    assert features("how is tea brewed", hit, ["Muon", "Lion"])[2] == 1.0
    assert len(features("tea", hit, [])) == len(FEATURES)


def test_a_model_nobody_fitted_gets_the_default_s_calibration() -> None:
    assert calibration_for("someone/else-v9") == FITTED
    assert len(FITTED.weights) == len(FEATURES)
    assert 0 < FITTED.floor < 1


def test_a_refusal_names_what_is_not_known(small_coach: Coach) -> None:
    answer = small_coach.ask("Did Muon or Kubernetes win the football match yesterday evening?")
    assert answer.kind is AnswerKind.REFUSED
    assert answer.text == NOT_IN_MATERIAL
    assert answer.note == "The material never mentions Muon or Kubernetes."
    assert answer.judgement.unknown == ("Muon", "Kubernetes")


def test_a_refusal_names_at_most_three_things_and_offers_at_most_three(small_coach: Coach) -> None:
    hits = [*small_coach.search("tea"), *small_coach.search("tea")]
    answer = refuse("q", hits, Judgement(0.1, 0.5, ("A1a", "B2b", "C3c", "D4d")))
    assert answer.note == "The material never mentions A1a or B2b or C3c."
    assert len(answer.near_topics) == 3
    assert refuse("q", [], Judgement(0.0, 0.5)).note == ""


def test_without_a_hit_the_coach_is_not_sure_at_all(small_coach: Coach) -> None:
    judged = small_coach.judge("How is green tea brewed?", [])
    assert judged.confidence == 0
    assert not judged.enough


def test_exactly_the_floor_is_enough() -> None:
    assert Judgement(0.5, 0.5).enough
    assert not Judgement(0.4999, 0.5).enough


def test_common_words_are_common_in_any_case() -> None:
    english = English()
    assert english.common("Coffee")
    assert english.common("COFFEE")
    assert not english.common("kubernetes")
    assert not english.common("")
    assert Bm25Lexicon().tokens("the") == {}
