"""Answers of the coach, of a plain query engine and of anybody, scored by a judge on whichever fields they have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from coach.domain import Answer, Citation, Question
from coach.errors import BadInput
from coach.refuse import Calibration
from coach.service import Coach
from eval import answers, baselines, samples
from eval.answers import FALSE_ANSWER, FALSE_REFUSAL, HALF, TOP, VALIDITY, Ask, beside, cited
from eval.cases import FOLDER, load_retrieval
from eval.judge import Ruling, Verdict
from eval.left_out import LeftOut
from eval.metrics import Missing
from eval.once import Once
from eval.rules import Rules
from eval.samples import Sample, judged, load
from eval.suite import Scored
from ingest.read import whole_bank
from tests.conftest import CORPUS

TEA = "How is green tea brewed?"
JUDGED = {metric.name for metric in samples.metrics() if metric.judged}
GREEN = Ask("a", "What temperature does green tea want?", "natural", answers=("TE01",))
GONE = Ask("b", GREEN.user_input, "deleted", without=("TE01",))
WOLVES = Ask("c", "How do wolves hunt reindeer in deep snow?", "far")


@pytest.fixture
def once(small_coach: Coach) -> Coach:
    return replace(small_coach, embedder=Once(small_coach.embedder))


@pytest.fixture
def bank(corpus: Path) -> dict[str, Question]:
    return {question.id: question for question in whole_bank(corpus).questions}


def rules(coach: Coach) -> Rules:
    return Rules(coach.embedder, coach.lexicon, coach.index.about)


def scored(coach: Coach, bank: dict[str, Question], ask: Ask) -> Scored:
    suite = answers.answers(coach, bank, [ask], rules(coach))
    return suite.score(suite.cases[0])


def test_an_extracted_answer_is_cited_with_its_passages_own_words(once: Coach, bank: dict[str, Question]) -> None:
    found = scored(once, bank, GREEN)
    assert found.scores[VALIDITY] == found.scores["citation precision"] == found.scores["faithfulness"] == 1.0
    assert found.scores[FALSE_REFUSAL] == 0.0
    assert found.scores["id context recall"] == 1.0
    assert FALSE_ANSWER not in found.scores


def test_an_answer_that_copies_a_passage_covers_a_key_point_that_stands_there(once: Coach, bank: dict[str, Question]) -> None:
    found = scored(once, bank, GREEN)
    assert found.scores["claim recall"] == found.scores["answer coverage"] == 1.0


def test_a_question_whose_source_is_left_out_finds_other_passages(once: Coach, bank: dict[str, Question]) -> None:
    found = scored(once, bank, GONE)
    assert set(found.scores) == {FALSE_ANSWER}
    assert TEA not in str(found.evidence["cited"])


def test_a_refusal_is_excluded_from_what_is_judged_and_not_scored_full(once: Coach, bank: dict[str, Question]) -> None:
    careful = replace(once, calibration=Calibration((0.0, 0.0, 0.0, 0.0), 0.0, 1.0))
    assert scored(careful, bank, GREEN).scores == {FALSE_REFUSAL: 1.0}
    assert scored(careful, bank, WOLVES).scores == {FALSE_ANSWER: 0.0}


def test_a_leaked_citation_is_found_and_so_is_one_of_another_passage(once: Coach) -> None:
    answer = once.ask(TEA)
    passage = answer.citations[0].passage
    forged = Answer(answer.kind, TEA, "Wolves hunt deer. [1]", (Citation(passage, "Wolves hunt deer."),))
    assert cited(answer, rules(once))[VALIDITY] == 1.0
    assert cited(forged, rules(once)) == {VALIDITY: 0.0, "citation precision": 0.0}
    nobody = Answer(answer.kind, TEA, "Green tea is brewed. [7]", ())
    assert cited(nobody, rules(once)) == {VALIDITY: Missing.UNDEFINED, "citation precision": 0.0}


def test_the_plain_engine_answers_with_the_passage_found_first_or_half_of_it(once: Coach) -> None:
    whole = baselines.query_engine(once.search, once.embedder)(TEA)
    half = baselines.query_engine(once.search, once.embedder, half=True)(TEA)
    passage = once.search(TEA, 1)[0].passage
    assert whole == passage.text
    assert 0 < len(half) < len(whole)
    assert passage.title not in half


def test_the_plain_engine_stands_beside_the_coach_in_the_same_run(once: Coach, bank: dict[str, Question]) -> None:
    found = scored(once, bank, GREEN)
    named = {metric.name for metric in answers.metrics()}
    assert {beside("answer coverage", TOP), beside("answer coverage", HALF)} <= set(found.scores) <= named


# An index without some passages


def test_an_index_without_a_passage_neither_finds_nor_counts_it(small_coach: Coach) -> None:
    whole = small_coach.index
    ids = {stored.entry.passage.place: stored.entry.passage.id for stored in whole.stored()}
    less = LeftOut(whole, frozenset(ids.values()), frozenset({ids["TE01"]}))
    vector = small_coach.embedder.embed([TEA])[0]
    assert ids["TE01"] in whole.dense(vector.tolist(), 9)
    assert set(less.dense(vector.tolist(), 9)) == {ids["TE02"], ids["SA01"]}
    assert less.passages([ids["TE01"]]) == []
    assert less.about.entries == whole.about.entries - 1
    assert sum(less.about.frequencies.values()) < sum(whole.about.frequencies.values())


def test_a_word_that_only_the_lost_passage_has_is_a_word_nobody_knows(once: Coach) -> None:
    whole = once.index
    ids = {stored.entry.passage.place: stored.entry.passage.id for stored in whole.stored()}
    less = LeftOut(whole, frozenset(ids.values()), frozenset({ids["SA01"]}))
    (token,) = once.lexicon.query("keel").indices
    assert token in whole.about.frequencies
    assert token not in less.about.frequencies


# Anybody's answers


def sample(**given: object) -> Sample:
    return replace(Sample("s", TEA), **given)  # type: ignore[arg-type]


FULL = {
    "retrieved_contexts": ("Green tea wants 75 degrees. It steeps for two minutes.", "Wolves hunt deer."),
    "response": "Green tea wants 75 degrees.",
    "reference": "Green tea wants 75 degrees. It steeps for two minutes.",
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"response", "retrieved_contexts"}, {"faithfulness", "answer relevancy"}),
        ({"reference", "retrieved_contexts"}, {"claim recall", "context precision"}),
        (
            {"response", "reference"},
            {"claim precision", "answer coverage", "factual correctness", "answer relevancy", "semantic similarity"},
        ),
        (set(), set()),
    ],
)
def test_a_sample_is_scored_on_the_metrics_whose_fields_it_has(once: Coach, fields: set[str], expected: set[str]) -> None:
    given = {name: FULL[name] for name in fields}
    assert set(judged(sample(**given), rules(once), once.embedder).scores) == expected


def test_the_numbers_of_a_full_sample_are_those_one_counts_by_hand(once: Coach) -> None:
    scores = judged(sample(**FULL), rules(once), once.embedder).scores
    assert scores["faithfulness"] == scores["claim precision"] == scores["claim recall"] == 1.0
    assert scores["answer coverage"] == 0.5
    assert scores["context precision"] == 1.0
    assert scores["noise from irrelevant"] == 0.0


def test_a_judge_that_fails_makes_errors_and_never_a_smaller_denominator(once: Coach) -> None:
    class Failing:
        id = "failing"

        def entail(self, claims: Sequence[str], texts: Sequence[str]) -> list[list[Verdict]]:
            return [[Verdict(Ruling.ERROR, by=self.id)] * len(texts) for _ in claims]

    found = judged(sample(**FULL), Failing(), once.embedder)
    assert {value for name, value in found.scores.items() if name in JUDGED} == {Missing.ERROR}
    assert found.evidence["judged by"] == ["failing"]


def test_an_answer_without_claims_is_undefined_and_not_perfect(once: Coach) -> None:
    scores = judged(sample(**FULL | {"response": ""}), rules(once), once.embedder).scores
    assert scores["faithfulness"] is Missing.UNDEFINED
    assert scores["answer coverage"] == 0.0
    assert "answer relevancy" not in scores


def test_a_file_with_ragas_field_names_becomes_a_suite(once: Coach, tmp_path: Path) -> None:
    file = tmp_path / "outside.jsonl"
    file.write_text(json.dumps({"user_input": TEA, **FULL, "persona_name": "x"}) + "\n", encoding="utf-8")
    suite = samples.suite(load(file), rules(once), once.embedder)
    (case,) = suite.cases
    assert case.id == "outside-1"
    assert suite.score(case).scores["answer coverage"] == 0.5
    assert all(metric.floor is None for metric in suite.metrics)


@pytest.mark.parametrize(
    "text",
    ["", '{"response": "a"}\n', '{"user_input": "a", "retrieved_contexts": "b"}\n', '{"id": "x", "user_input": "a"}\n' * 2],
)
def test_a_file_that_is_none_of_it_is_told_where(tmp_path: Path, text: str) -> None:
    file = tmp_path / "outside.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"outside\.jsonl"):
        load(file)


# The committed cases


def test_there_are_enough_cases_of_each_kind_in_every_topic() -> None:
    asks = answers.load()
    topics = {question.id: question.topic for question in whole_bank(CORPUS).questions}
    answered = [ask for ask in asks if ask.answers]
    assert len(answered) >= 120
    assert {topics[ask.answers[0]] for ask in answered} == set(topics.values())
    assert min(Counter(ask.kind for ask in answered).values()) >= 10
    assert sum(bool(ask.without) for ask in asks) >= 60
    assert sum(not ask.answers for ask in asks) >= 120


def test_every_deleted_case_is_the_twin_of_an_answered_one() -> None:
    asks = answers.load()
    asked = {ask.answers[0]: ask.user_input for ask in asks if ask.answers}
    assert all(asked[ask.without[0]] == ask.user_input for ask in asks if ask.without)


def test_no_case_asks_what_the_index_or_the_fitting_cases_hold() -> None:
    bank = {asking.lower() for question in whole_bank(CORPUS).questions for asking in question.askings}
    fitted = {case.user_input.lower() for case in load_retrieval(*sorted(FOLDER.glob("retrieval*.jsonl")))}
    assert not [ask.id for ask in answers.written() if ask.user_input.lower() in bank | fitted]


def test_every_case_names_questions_of_the_bank() -> None:
    known = {question.id for question in whole_bank(CORPUS).questions}
    assert all(set(ask.answers) | set(ask.without) <= known for ask in answers.load())
