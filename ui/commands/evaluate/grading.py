"""`coach eval grading`: the grader beside two labelers, and under attack; `coach eval add`: a dispute becomes a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from coach.errors import BadInput, StorageError
from coach.interview import Interview
from coach.records import event
from coach.settings import load_settings
from coach.wiring import make_embedder, make_history, open_coach
from ingest.read import whole_bank
from ui.commands.evaluate.shown import keep, number, share
from ui.console import out, progress, waiting

if TYPE_CHECKING:
    from coach.domain import Grade, Question
    from coach.grade import Grader, Rubric, Weights
    from eval.grading import Agreement, GradingReport


def grading(
    dataset: Annotated[
        Path | None,
        typer.Option("--dataset", help="Somebody's graded answers instead: JSONL with question, reference, answer, score."),
    ] = None,
    highest: Annotated[float, typer.Option(help="The full mark in that file; scores are scaled to 5.", min=0.1)] = 5.0,
    fitting: Annotated[bool, typer.Option("--fit", help="Fit the grader first and store it in coach/grading.json.")] = False,
    attacking: Annotated[bool, typer.Option("--attacks/--no-attacks", help="Also try the committed attacks.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List the attacks that fooled the grader most.")] = False,
) -> None:
    """Does the rubric grader agree with two labelers as far as they agree with each other, and what fools it?

    Graded replies in eval/cases: five to a question, each key point labeled twice independently. Numbers are of the
    half of the questions that nothing was fitted on. A line of a --dataset may also have key_points, each a string or
    an object with text, weight and also_said; without them the whole reference is compared.
    """
    from coach import grade
    from eval import grading as evaluation
    from eval import outside

    outsiders = outside.load(dataset, highest) if dataset else []
    settings = load_settings()
    coach = open_coach(settings, make_embedder(settings))
    with waiting("Loading the embedding model ..."):
        coach.embedder.warm()
    grader = coach.grader(grade.weights_for(coach.embedder.id.name))
    if outsiders:
        with progress("Grading", len(outsiders)) as bar:
            out.print(_agreements(evaluation.measure_outside(grader, outsiders, bar)))
        questions = len({reply.question.id for reply in outsiders})
        out.print(f"{len(outsiders)} replies to {questions} questions of {dataset}; nothing was fitted on them.", soft_wrap=True)
        return
    by_id = {question.id: question for question in whole_bank(settings.corpus).questions}
    replies = evaluation.load()
    with progress("Reading the key points", len({reply.question_id for reply in replies})) as bar:
        rubrics = {}
        for question_id in dict.fromkeys(reply.question_id for reply in replies):
            rubrics[question_id] = grader.rubric(by_id[question_id])
            bar(1)
    if fitting:
        with progress("Fitting", sum(not reply.held_back for reply in replies)) as bar:
            views, labels = evaluation.examples(grader, rubrics, replies, bar)
        grader = replace(grader, weights=evaluation.fit(views, labels))
        _store_weights(coach.embedder.id.name, grader.weights)
        _store_weights("any", evaluation.fit(evaluation.without_net(views), labels))
    with progress("Grading", sum(reply.held_back for reply in replies)) as bar:
        report = evaluation.measure(grader, rubrics, replies, bar)
    out.print(_agreements(report.agreements))
    out.print(_verdicts(report))
    out.print(
        f"{report.replies} held-back replies, {report.points} key points, {report.ungraded} not graded; "
        f"half are graded within {1000 * median(report.seconds):.0f} ms.",
        soft_wrap=True,
    )
    if attacking:
        _attack(grader, by_id, verbose)


def _attack(grader: Grader, questions: Mapping[str, Question], verbose: bool) -> None:
    from eval import attacks

    written = attacks.load()
    tried = [*written, *attacks.generated([attack for attack in written if attack.attack == "base"])]
    rubrics: dict[str, Rubric] = {}

    def graded(question: Question, reply: str) -> Grade:
        if question.id not in rubrics:
            rubrics[question.id] = grader.rubric(question)
        return grader.grade(rubrics[question.id], reply)

    with progress("Attacking", len(tried)) as bar:
        report = attacks.measure(graded, questions, tried, bar)
    table = Table("attack", "must be", "cases", "fooled", "share", "mean score", box=None, pad_edge=False, header_style="bold")
    for result in report.results:
        table.add_row(
            result.attack, str(result.expect), str(result.cases), str(result.fooled), share(result.rate), number(result.mean)
        )
    out.print(table)
    if verbose:
        for result in report.results:
            for offender in result.worst:
                before = f", its base {offender.base:.1f}" if offender.base is not None else ""
                out.print(f"{result.attack}: {offender.id} got {number(offender.score)}{before}", markup=False)


def add(
    interview: Annotated[str, typer.Argument(help="The interview's id: what follows ?id= in its address.")],
    number: Annotated[int, typer.Argument(help="Which answer of it, counting from 1.", min=1)],
    to: Annotated[Path | None, typer.Option("--to", help="File to add to; disputes.jsonl in COACH_HOME if not given.")] = None,
) -> None:
    """Let a disputed grade join an evaluation set: one line that coach eval grading --dataset reads."""
    from eval import outside

    settings = load_settings()
    kept = make_history(settings).records(interview)
    if not kept:
        raise BadInput(f"There is no interview {interview!r} in the history. Its id follows ?id= in the address of its page.")
    turns = Interview.from_events(interview, tuple(event(one) for one in kept)).turns
    if number > len(turns):
        raise BadInput(f"The interview {interview} has {len(turns)} answers, not {number}. Give a smaller number.")
    turn = turns[number - 1]
    question = {q.id: q for q in whole_bank(settings.corpus).questions}.get(turn.asked.question_id)
    if question is None:
        raise BadInput(f"The question {turn.asked.question_id} is not in the bank any more. Nothing was added.")
    file = to or settings.home / "disputes.jsonl"
    text = outside.line(turn, question, f"{interview}-{number}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out_file:
            out_file.write(text + "\n")
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}. Choose another with --to.") from error
    out.print(f"Added to {file}. Measure with: coach eval grading --dataset {file}", soft_wrap=True, markup=False)


def _agreements(agreements: Sequence[Agreement]) -> Table:
    table = Table(
        "", "Pearson", "Spearman", "within question", "QWK", "MAE", "bias", box=None, pad_edge=False, header_style="bold"
    )
    for row in agreements:
        values = (row.pearson, row.spearman, row.within, row.qwk, row.mae, row.bias)
        table.add_row(row.name, *(number(value) for value in values))
    return table


def _verdicts(report: GradingReport) -> Table:
    table = Table(
        "verdict",
        "points",
        "precision",
        "recall",
        "labeler 2: precision",
        "recall",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for name, (precision, recall, support) in report.verdicts.items():
        other = report.labelers[name]
        table.add_row(name, str(support), *(number(value) for value in (precision, recall, *other[:2])))
    return table


def _store_weights(model: str, fitted: Weights) -> None:
    from coach import grade

    def head(weights: tuple[float, ...], constant: float) -> dict[str, Any]:
        views = {name: round(weight, 4) for name, weight in zip(grade.VIEWS, weights, strict=True)}
        return {"views": views, "constant": round(constant, 4)}

    entry = {
        "says": head(fitted.says, fitted.says_constant),
        "denies": head(fitted.denies, fitted.denies_constant),
        **{name: round(getattr(fitted, name), 2) for name in ("covered", "partial", "contradicted")},
    }
    keep(grade.FILE, model, entry, "grader")
