"""Names become suites over a coach and a bank, whole or sampled. Which share of what is run is said here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from coach.domain import Question
from coach.entail import entailment_for
from coach.errors import BadInput
from coach.grade import weights_for
from coach.service import Coach
from eval import answers, attacks, follow_ups, grading, samples, self_test
from eval.cases import FOLDER, load_retrieval
from eval.judge import Judge, cached
from eval.latency import latency
from eval.once import Once
from eval.rules import Rules
from eval.suite import Case, Suite
from eval.suites import Grades, Searches, attacked, follow_up_dialogs, graded, judged, refusal, retrieval

ALL, QUICK = "all", "quick"
SUITES = ("retrieval", "refusal", "answers", "judge", "grading", "attacks", "follow-ups", "latency")
# Families kept of a suite where not all are, so that `all` ends in four minutes on two cores and `quick` in ninety seconds.
SHARES: Mapping[str, Mapping[str, float]] = {
    ALL: {"grading": 0.6, "attacks": 0.4},
    QUICK: {"retrieval": 0.5, "refusal": 0.5, "answers": 0.25, "grading": 0.15, "attacks": 0.1, "follow-ups": 0.5},
}
# The padded attacks take seconds each; every other one takes a third of one.
_SLOW = "padded"
# The share of a suite for which its floors hold.
_ENOUGH = 0.25


def suites(
    what: str, coach: Coach, questions: Mapping[str, Question], judge: Judge, datasets: Sequence[Path] = ()
) -> list[Suite]:
    """The suites of a name: one whole suite, `all` of them, or the `quick` gate. Raises BadInput."""
    if what not in {*SUITES, ALL, QUICK}:
        raise BadInput(f"There is no suite {what!r}. Choose {', '.join(SUITES)}, {ALL} or {QUICK}.")
    if datasets:
        return [_outside(what, coach, questions, judge, datasets)]
    found = _built(SUITES if what in SHARES else (what,), coach, questions, judge)
    if what not in SHARES:
        return found
    sampled = [_sampled(suite, SHARES[what].get(suite.name, 1.0)) for suite in found]
    return [suite.only(lambda case: case.tags.get("attack") != _SLOW) for suite in sampled]


def deterministic(coach: Coach) -> Judge:
    """The judge that needs no model but the coach's own."""
    return cached(Rules(coach.embedder, coach.lexicon, coach.index.about, entailment_for(coach.embedder.id.name)))


def shared(coach: Coach) -> Coach:
    """The same coach, embedding each text once, for all suites and the judge."""
    return replace(coach, embedder=Once(coach.embedder))


def filtered(chosen: Sequence[Suite], **tags: str) -> list[Suite]:
    """Only the cases whose tags are among these, comma-separated. Floors hold for whole sets, so they go.

    Raises BadInput if none is left.
    """
    wanted = {tag: set(values.split(",")) for tag, values in tags.items() if values}
    if not wanted:
        return list(chosen)

    def keep(case: Case) -> bool:
        return all(set(case.tags.values()) & values for values in wanted.values())

    left = [suite.only(keep) for suite in chosen]
    if not any(suite.cases for suite in left):
        raise BadInput(f"No case is about {' and '.join(','.join(sorted(values)) for values in wanted.values())}.")
    return [_without_floors(suite) for suite in left if suite.cases]


def _sampled(suite: Suite, share: float) -> Suite:
    """A small sample may lie beyond a floor by its choice of cases: it is held against its own baseline only."""
    found = suite.sampled(share)
    return found if share >= _ENOUGH else _without_floors(found)


def _without_floors(suite: Suite) -> Suite:
    return replace(suite, metrics=tuple(replace(metric, floor=None) for metric in suite.metrics))


def _built(names: Sequence[str], coach: Coach, questions: Mapping[str, Question], judge: Judge) -> list[Suite]:
    asked = load_retrieval(*sorted(FOLDER.glob("retrieval*.jsonl")))
    searches = Searches(coach, [case.user_input for case in asked])
    grades = Grades(lambda: coach.grader(weights_for(coach.embedder.id.name)), questions)
    makers: Mapping[str, Callable[[], Suite]] = {
        "retrieval": lambda: retrieval(searches, questions, asked),
        "refusal": lambda: refusal(searches, questions, asked),
        "answers": lambda: _tested(answers.answers(coach, questions, answers.load(), judge), judge),
        "judge": lambda: judged(judge, self_test.load()),
        "grading": lambda: graded(grades, questions, grading.load()),
        "attacks": lambda: attacked(grades, questions, _attacks()),
        "follow-ups": lambda: follow_up_dialogs(coach, questions, follow_ups.load()),
        "latency": lambda: latency(coach, questions),
    }
    return [makers[name]() for name in names]


def _outside(what: str, coach: Coach, questions: Mapping[str, Question], judge: Judge, datasets: Sequence[Path]) -> Suite:
    """Somebody's retrieval cases if `what` says so, else somebody's answers."""
    if what == "retrieval":
        asked = load_retrieval(*datasets)
        return retrieval(Searches(coach, [case.user_input for case in asked]), questions, asked)
    if what not in {ALL, "answers"}:
        raise BadInput(f"--dataset goes with retrieval or answers, not with {what}.")
    found = [sample for file in datasets for sample in samples.load(file)]
    return _tested(samples.suite(found, judge, coach.embedder), judge)


def _tested(suite: Suite, judge: Judge) -> Suite:
    return replace(suite, self_test=lambda: self_test.self_test(judge, self_test.load()).figures)


def _attacks() -> list[attacks.Attack]:
    written = attacks.load()
    return [*written, *attacks.generated([attack for attack in written if attack.attack == attacks.BASE])]
