"""What turns a gate red, and what does not: the baseline, must-cases, floors, and regressions planted in a coach."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pytest

from coach.adapters.index_edge import EdgeStore
from coach.domain import Answer, Entry, Hit, Judgement
from coach.errors import BadInput
from coach.service import Coach
from eval.answers import Ask, answers
from eval.baseline import BEGIN, END, FILE, README, compared, quality_table, stored, tell_readme
from eval.cases import RetrievalCase
from eval.judge import Verdict
from eval.latency import latency
from eval.metrics import Missing, Score
from eval.plan import SUITES
from eval.rules import Rules
from eval.run import Gate, Run, exit_code, load, run, save
from eval.self_test import load as load_pairs
from eval.stats import Status
from eval.suite import Better, Case, Metric, Scored, Suite
from eval.suites import Searches, judged, retrieval
from ingest.read import whole_bank
from tests.conftest import build
from tests.test_eval_run import GOOD, SETUP, stepwise, toy

LOW = {f"c{n:02}": 0.0 for n in range(0, 14, 2)}


def gate(found: Run, name: str) -> Gate:
    return next(one for one in found.gates if one.name == name)


def measured(folder: Path, *suites: Suite, before: Run | None = None, setup: Mapping[str, str] = SETUP) -> Run:
    return compared(run(suites, setup, folder), before)


def fell(folder: Path, now: Mapping[str, Score], then: Mapping[str, Score] | None = None, count: int = 20) -> Gate:
    """The gate of a toy suite whose scores were `then`, else full, and are `now`."""
    before = measured(folder / "before", toy(stepwise(then or {}), count))
    return gate(measured(folder / "after", toy(stepwise(now), count), before=before), "toy/good")


def test_the_same_again_passes(tmp_path: Path) -> None:
    found = fell(tmp_path, LOW, LOW)
    assert (found.status, found.change, found.p, found.why) == (Status.PASS, 0.0, 1.0, "")
    assert found.detectable is None


def test_a_drop_that_is_no_chance_fails(tmp_path: Path) -> None:
    found = fell(tmp_path, LOW)
    assert found.status is Status.FAIL
    assert "not by chance" in found.why
    assert 0 < (found.detectable or 0) < 0.5


def test_a_drop_that_may_be_chance_warns(tmp_path: Path) -> None:
    assert fell(tmp_path, {"c00": 0.0, "c04": 0.0}).status is Status.WARN


def test_a_drop_within_tolerance_passes(tmp_path: Path) -> None:
    assert fell(tmp_path, {f"c{n:02}": 0.985 for n in range(20)}).status is Status.PASS


def test_an_improvement_never_fails(tmp_path: Path) -> None:
    assert fell(tmp_path, {}, LOW).status is Status.PASS


def test_too_few_cases_to_test_fall_back_to_the_tolerance_and_say_so(tmp_path: Path) -> None:
    found = fell(tmp_path, {"c00": 0.5}, count=4)
    assert found.status is Status.FAIL
    assert "too few" in found.why


def test_a_broken_floor_fails_without_any_baseline(tmp_path: Path) -> None:
    found = measured(tmp_path, toy(stepwise({f"c{n:02}": 0.0 for n in range(12)})))
    assert "below the limit of 0.5" in gate(found, "toy/good").why
    assert exit_code(found) == 1


def with_a_must(score: Score) -> Suite:
    suite = toy(stepwise({"c03": score}))
    return replace(suite, cases=tuple(replace(case, must=case.id == "c03") for case in suite.cases))


def test_a_must_case_fails_alone(tmp_path: Path) -> None:
    assert gate(measured(tmp_path, with_a_must(0.9)), "toy/good").why.startswith("must-case failed: c03")


def test_a_must_case_that_could_not_be_judged_neither_fails_nor_passes(tmp_path: Path) -> None:
    found = measured(tmp_path, with_a_must(Missing.ERROR))
    assert "must-case could not be judged: c03" in gate(found, "toy/good").why
    assert exit_code(found) == 3


def test_a_changed_or_new_case_is_not_compared(tmp_path: Path) -> None:
    before = measured(tmp_path / "before", toy(stepwise({})))
    suite = toy(stepwise(LOW), 22)
    suite = replace(suite, cases=tuple(replace(case, digest="new") if case.id in LOW else case for case in suite.cases))
    found = gate(measured(tmp_path / "after", suite, before=before), "toy/good")
    assert (found.pairs, found.change) == (13, 0.0)


def test_another_embedder_is_never_compared(tmp_path: Path) -> None:
    before = measured(tmp_path / "before", toy(stepwise({})))
    after = measured(tmp_path / "after", toy(stepwise(LOW)), before=before, setup={**SETUP, "embedder": "other"})
    assert gate(after, "toy/good").change is None
    assert "embedder was hashing and is other" in gate(after, "toy/good").why


def test_another_judge_is_not_compared_where_it_judged(tmp_path: Path) -> None:
    metrics = (GOOD, replace(GOOD, name="judged", judged=True))

    def suite(judge: str, value: float) -> Suite:
        return replace(toy(lambda _: Scored({"good": value, "judged": value}), metrics=metrics), judge=judge)

    before = measured(tmp_path / "before", suite("det", 1.0))
    after = measured(tmp_path / "after", suite("llm:small", 0.6), before=before)
    assert gate(after, "toy/good").status is Status.FAIL
    assert gate(after, "toy/judged").status is Status.PASS
    assert "the judge was det and is llm:small" in gate(after, "toy/judged").why


def test_a_whole_set_metric_is_compared_by_the_numbers_of_its_cases(tmp_path: Path) -> None:
    metric = Metric("AUROC", floor=0.3, tolerance=0.05, whole="auroc")

    def suite(noise: float) -> Suite:
        rng = np.random.default_rng(1)
        drawn = {f"c{n:02}": float(rng.normal()) for n in range(80)}

        def score(case: Case) -> Scored:
            answerable = float(int(case.id[1:]) % 2)
            return Scored(numbers={"answerable": answerable, "confidence": answerable + noise * drawn[case.id]})

        return toy(score, 80, (metric,))

    before = measured(tmp_path / "before", suite(0.1))
    same = gate(measured(tmp_path / "same", suite(0.1), before=before), "toy/AUROC")
    worse = gate(measured(tmp_path / "worse", suite(5.0), before=before), "toy/AUROC")
    assert (same.status, same.change, same.p) == (Status.PASS, 0.0, 1.0)
    assert worse.status is Status.FAIL
    assert (worse.change or 0) < -0.3


def test_only_one_of_many_metrics_is_named(tmp_path: Path) -> None:
    metrics = tuple(Metric(f"m{n}") for n in range(10))
    before = measured(tmp_path / "before", toy(lambda _: Scored({m.name: 1.0 for m in metrics}), 40, metrics))
    after = toy(lambda _: Scored({m.name: 0.5 if m.name == "m3" else 1.0 for m in metrics}), 40, metrics)
    found = measured(tmp_path / "after", after, before=before)
    assert [one.name for one in found.gates if one.status is Status.FAIL] == ["toy/m3"]
    assert {change.metric for change in found.changes} == {"m3"}


def test_a_baseline_gates_as_the_run_it_was_made_of(tmp_path: Path) -> None:
    before = measured(tmp_path / "before", toy(stepwise({"c01": 1 / 3})))
    save(stored(before), tmp_path / "baseline.json")
    text = (tmp_path / "baseline.json").read_text()
    assert "What is" not in text
    assert sum('"id"' in line for line in text.splitlines()) == 20
    after = run([toy(stepwise({**LOW, "c01": 1 / 3}))], SETUP, tmp_path / "after")
    assert compared(after, load(tmp_path / "baseline.json")).gates == compared(after, before).gates


def test_a_baseline_keeps_the_suites_that_were_not_run_again(tmp_path: Path) -> None:
    tea, sea = (replace(toy(stepwise({})), name=name) for name in ("tea", "sea"))
    both = stored(measured(tmp_path / "both", tea, sea))
    again = measured(tmp_path / "again", replace(sea, score=stepwise({"c00": 0.0})))
    kept = stored(again, both)
    assert {name: {row.suite for row in kept.cases} >= {name} for name in kept.suites} == {"tea": True, "sea": True}
    assert len(kept.cases) == 40
    assert {result.name: result.value for result in kept.metrics if result.metric == "good"} == {
        "tea/good": 1.0,
        "sea/good": 0.95,
    }
    assert set(stored(replace(again, setup={"embedder": "other"}), both).suites) == {"sea"}


def test_readmes_table_is_that_of_the_committed_baseline() -> None:
    assert f"{BEGIN}\n{quality_table(load(FILE))}\n{END}" in README.read_text(encoding="utf-8")


def test_the_baseline_holds_every_suite_of_all() -> None:
    assert set(load(FILE).suites) == set(SUITES)


def test_readmes_table_is_written_between_its_marks(tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    found = measured(tmp_path / "run", Suite("attacks", (Metric("marks for nothing", Better.LOWER),), toy(fooled).cases, fooled))
    tell_readme(found, file)
    assert file.read_text() == f"before\n{BEGIN}\n{quality_table(found)}\n{END}\nafter\n"
    assert "| 0.050 |" in file.read_text()
    file.write_text("no marks")
    with pytest.raises(BadInput, match="Put them where the table belongs"):
        tell_readme(found, file)


def fooled(case: Case) -> Scored:
    return Scored({"marks for nothing": float(case.id == "c07")})


# Regressions planted in a real coach over the tea material.

ASPECTS = {
    "TE01": (
        "how hot must the water be for the leaves",
        "what does boiling water do to the cup",
        "how long do the leaves steep",
        "a second infusion from the same leaves",
        "why is the cup bitter after boiling water",
    ),
    "TE02": ("what keeps floral notes", "which step starts oxidation", "what does firing stop", "what softens the leaf"),
    "SA01": ("what pulls the boat forward", "what keeps the boat from sliding sideways", "when does the sail only flutter"),
}
ASKED = [(id_, text) for id_, texts in ASPECTS.items() for text in texts]
CASES = [RetrievalCase(f"r{n}", text, (id_,), "aspect") for n, (id_, text) in enumerate(ASKED)]
ASKS = [Ask(f"a{n}", text, "aspect", (id_,)) for n, (id_, text) in enumerate(ASKED)]


def without_windows(found: Sequence[Entry]) -> list[Entry]:
    """Entries that are found by their askings only, and not by words of their answers."""
    return [
        replace(entry, pieces=tuple(piece for piece in entry.pieces if not piece.is_window), words=entry.passage.heading)
        for entry in found
    ]


@pytest.fixture
def poor_coach(tmp_path: Path, small_coach: Coach, small_entries: list[Entry]) -> Iterator[Coach]:
    """The same coach over an index without window vectors."""
    store = EdgeStore(tmp_path / "poor")
    build(store, without_windows(small_entries))
    index = store.open()
    yield replace(small_coach, index=index)
    index.close()


def test_an_index_without_windows_turns_retrieval_red(
    tmp_path: Path, corpus: Path, small_coach: Coach, poor_coach: Coach
) -> None:
    questions = {question.id: question for question in whole_bank(corpus).questions}

    def suite(coach: Coach) -> Suite:
        found = retrieval(Searches(coach, [case.user_input for case in CASES]), questions, CASES)
        # Twelve cases of three families: each its own, so that there is something to test.
        return replace(found, cases=tuple(replace(case, family=case.id) for case in found.cases))

    before = measured(tmp_path / "before", suite(small_coach))
    same = measured(tmp_path / "same", suite(replace(small_coach)), before=before)
    after = measured(tmp_path / "after", suite(poor_coach), before=before)
    assert exit_code(same) == 0
    assert gate(after, "retrieval/nDCG@10").status is Status.FAIL
    assert exit_code(after) == 1


def test_an_answer_that_embeds_more_turns_the_count_red_and_time_never_does(
    tmp_path: Path, corpus: Path, small_coach: Coach
) -> None:
    class Wordy(Coach):
        def judge(self, question: str, hits: Sequence[Hit]) -> Judgement:
            self.embedder.embed([question, question])
            return super().judge(question, hits)

    questions = {question.id: question for question in whole_bank(corpus).questions}
    own = {field.name: getattr(small_coach, field.name) for field in fields(small_coach)}
    plain = measured(tmp_path / "plain", latency(small_coach, questions))
    wordy = measured(tmp_path / "wordy", latency(Wordy(**own), questions))
    assert exit_code(plain) == 0
    assert [one.name for one in wordy.gates if one.status is Status.FAIL] == ["latency/texts embedded"]
    assert set(plain.volatile["seconds"]["latency"]) == {"embed", "search", "judge", "answer", "total"}


def answering(coach: Coach, corpus: Path) -> Suite:
    questions = {question.id: question for question in whole_bank(corpus).questions}
    return answers(coach, questions, ASKS, Rules(coach.embedder, coach.lexicon, coach.index.about))


def test_a_leaked_citation_turns_citation_validity_red(tmp_path: Path, corpus: Path, small_coach: Coach) -> None:
    class Leaky(Coach):
        def ask(self, question: str) -> Answer:
            answer = super().ask(question)
            other = self.search("sail oolong water")[-1].passage
            return replace(answer, citations=tuple(replace(one, passage=other) for one in answer.citations))

    own = {field.name: getattr(small_coach, field.name) for field in fields(small_coach)}
    before = measured(tmp_path / "before", answering(small_coach, corpus))
    after = measured(tmp_path / "after", answering(Leaky(**own), corpus), before=before)
    assert gate(before, "answers/citation validity").status is Status.PASS
    assert gate(after, "answers/citation validity").status is Status.FAIL
    assert gate(after, "answers/false refusal").status is Status.PASS
    assert exit_code(after) == 1


@dataclass(frozen=True)
class Heard:
    """The rules as a judge that hears each claim in its own way."""

    rules: Rules
    hears: Callable[[str], str]
    id: str = "rules"

    def entail(self, claims: Sequence[str], texts: Sequence[str]) -> list[list[Verdict]]:
        return self.rules.entail([self.hears(claim) for claim in claims], texts)


def test_a_judge_deaf_to_negations_turns_red(tmp_path: Path, small_coach: Coach) -> None:
    rules = Rules(small_coach.embedder, small_coach.lexicon, small_coach.index.about)

    def deaf(claim: str) -> str:
        return re.sub(r" (?:does|do|did|is|are|was|can)(?:n't| not|not)\b(?: let)?", "", claim)

    before = measured(tmp_path / "before", judged(Heard(rules, str), load_pairs()))
    after = measured(tmp_path / "after", judged(Heard(rules, deaf), load_pairs()), before=before)
    worse = [one.name for one in after.gates if one.status is Status.FAIL and "worse by" in one.why]
    assert worse == ["judge/false accepted, negated"]
