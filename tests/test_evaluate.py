from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from coach.adapters.embed import HashingEmbedder
from coach.adapters.lexicon import Bm25Lexicon
from coach.bank import parse
from coach.domain import Question
from coach.ports import Progress, Sparse, Vectors
from coach.service import Coach
from eval import baselines
from eval.cases import RetrievalCase
from eval.metrics import RANKING
from eval.retrieval import OURS, Report, System, fit, measure
from tests.conftest import CALIBRATION
from tests.material import OOLONG, SAILS, TEA

QUESTIONS: list[Question] = [
    question
    for title, text in (("Tea", TEA + OOLONG), ("Sailing", SAILS))
    for question in parse(f"# {title}\n\n{text}", f"{title}.md", title)[0].questions
]
# The families TE01 and TE02 fall into the development half, SA01 and some of the unanswerable ones into the other.
CASES = [
    RetrievalCase("tea-1", "how hot must the water be for green tea", ("TE01",), "colloquial"),
    RetrievalCase("tea-2", "how long do green tea leaves steep", ("TE01",), "aspect"),
    RetrievalCase("tea-3", "is oolong oxidized as fully as black tea", ("TE02",), "colloquial"),
    RetrievalCase("sea-1", "why does a boat zigzag when it sails against the wind", ("SA01",), "colloquial"),
    RetrievalCase("sea-2", "what keeps a boat from sliding sideways", ("SA01",), "aspect"),
    *(RetrievalCase(f"near-{number}", "how is white coffee roasted in Ethiopia", (), "near") for number in range(8)),
    *(RetrievalCase(f"far-{number}", "who won the football match yesterday evening", (), "far") for number in range(8)),
]
MISPLACED = RetrievalCase("wrong", "how is green tea brewed below boiling", ("SA01",), "colloquial")


class DeafEmbedder(HashingEmbedder):
    """Every text is the same to it."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        if progress:
            progress(len(texts))
        return np.full((len(texts), self.id.dimension), self.id.dimension**-0.5, dtype=np.float32)


class DeafLexicon(Bm25Lexicon):
    """Finds no words in any question."""

    def query(self, text: str) -> Sparse:
        return replace(super().query(text), indices=(), values=())


def ours(report: Report) -> System:
    return report.systems[0]


def test_a_report_compares_ours_with_three_plain_ways(small_coach: Coach) -> None:
    report = measure(small_coach, QUESTIONS, CASES)
    assert [system.name for system in report.systems] == [
        OURS,
        "BM25 only",
        "one vector a question",
        "256-token chunks + RRF",
    ]
    assert (report.answerable, report.unanswerable) == (5, 16)
    for system in report.systems:
        assert set(system.measures) == set(RANKING)
        assert all(estimate.n == 5 for estimate in system.measures.values())
        assert set(system.by_kind) == {"aspect", "colloquial"}
        assert set(system.refused) == {"far", "near"}


def test_an_easy_set_is_ranked_and_told_apart_perfectly(small_coach: Coach) -> None:
    system = ours(measure(small_coach, QUESTIONS, CASES))
    assert {name: estimate.value for name, estimate in system.measures.items()} == dict.fromkeys(RANKING, 1.0)
    assert system.auroc == 1
    assert system.auroc_near == 1
    assert system.refused["far"] == 1


def test_a_case_whose_answer_is_not_first_is_listed_with_what_was(small_coach: Coach) -> None:
    report = measure(small_coach, QUESTIONS, [*CASES, MISPLACED])
    ((case, found),) = report.not_first
    assert case == MISPLACED
    assert found[0] == "TE01"
    assert len(found) == 3
    assert (ours(report).measures["hit@1"].value or 0) == pytest.approx(5 / 6)


def test_what_the_floor_in_force_gets_wrong_is_listed(small_coach: Coach) -> None:
    never = replace(small_coach, calibration=replace(CALIBRATION, floor=1.1))
    always = replace(small_coach, calibration=replace(CALIBRATION, floor=0.0))
    assert [case.id for case, _ in measure(never, QUESTIONS, CASES).wrongly_refused] == [c.id for c in CASES if c.answerable]
    assert not measure(never, QUESTIONS, CASES).wrongly_answered
    assert [case.id for case, _, _ in measure(always, QUESTIONS, CASES).wrongly_answered] == [
        case.id for case in CASES if not case.answerable
    ]
    assert not measure(always, QUESTIONS, CASES).wrongly_refused


def test_measuring_twice_gives_the_same_report(small_coach: Coach) -> None:
    ticks: list[int] = []
    assert measure(small_coach, QUESTIONS, CASES, ticks.append) == measure(small_coach, QUESTIONS, CASES)
    assert ticks == [1] * len(CASES)


def test_a_fitted_calibration_tells_what_can_be_answered(small_coach: Coach) -> None:
    assert {case.held_back for case in CASES if not case.answerable} == {True, False}
    fitted = fit(small_coach, CASES)
    judging = replace(small_coach, calibration=fitted)
    confidences = {
        answerable: [
            judging.judge(case.user_input, judging.search(case.user_input)).confidence
            for case in CASES
            if case.answerable is answerable
        ]
        for answerable in (True, False)
    }
    assert min(confidences[True]) > max(confidences[False])
    assert 0 < fitted.floor <= 1
    report = measure(judging, QUESTIONS, CASES)
    assert not [case for case, _ in report.wrongly_refused if not case.held_back]
    assert not report.wrongly_answered


def test_the_half_that_is_held_back_fits_nothing(small_coach: Coach) -> None:
    development = [case for case in CASES if not case.held_back]
    noise = [replace(case, relevant=case.relevant and ("SA01",)) for case in CASES if case.held_back] * 3
    assert fit(small_coach, [*development, *noise]) == fit(small_coach, development)


def test_only_answerable_or_only_unanswerable_cases_leave_the_rest_undefined(small_coach: Coach) -> None:
    only = ours(measure(small_coach, QUESTIONS, [case for case in CASES if case.answerable]))
    assert only.auroc is None
    assert only.refused == {}
    none = ours(measure(small_coach, QUESTIONS, [case for case in CASES if not case.answerable]))
    assert none.auroc is None
    assert none.measures["nDCG@10"].value is None
    assert none.kept is None


def test_a_coach_that_hears_nothing_ranks_worse(small_coach: Coach) -> None:
    deaf = replace(small_coach, embedder=DeafEmbedder(), lexicon=DeafLexicon())
    well, badly = ours(measure(small_coach, QUESTIONS, CASES)), ours(measure(deaf, QUESTIONS, CASES))
    for name in ("nDCG@10", "hit@1", "MRR"):
        assert (badly.measures[name].value or 0) < (well.measures[name].value or 0)
    assert badly.auroc is not None
    assert badly.auroc < 1


def test_the_lexicon_alone_still_tells_them_apart(small_coach: Coach) -> None:
    half_deaf = replace(small_coach, embedder=DeafEmbedder())
    assert (ours(measure(half_deaf, QUESTIONS, CASES)).measures["nDCG@10"].value or 0) > 0.9


@pytest.mark.parametrize("text", ["", "🙂", "the of and", "x" * 2_000, "oolong"])
def test_every_baseline_ranks_every_question_at_most_once(text: str) -> None:
    embedder, lexicon = HashingEmbedder(), Bm25Lexicon()
    vector = embedder.embed([text])[0]
    for ranker in (
        baselines.bm25(QUESTIONS, lexicon),
        baselines.dense(QUESTIONS, embedder),
        baselines.chunks_rrf(QUESTIONS, embedder, lexicon),
    ):
        ranked = ranker(text, vector)
        assert sorted(id_ for id_, _ in ranked) == ["SA01", "TE01", "TE02"]
        assert [score for _, score in ranked] == sorted((score for _, score in ranked), reverse=True)


def test_every_baseline_finds_what_is_asked_word_for_word() -> None:
    embedder, lexicon = HashingEmbedder(), Bm25Lexicon()
    for ranker in (
        baselines.bm25(QUESTIONS, lexicon),
        baselines.dense(QUESTIONS, embedder),
        baselines.chunks_rrf(QUESTIONS, embedder, lexicon),
    ):
        for question in QUESTIONS:
            assert ranker(question.prompt, embedder.embed([question.prompt])[0])[0][0] == question.id
