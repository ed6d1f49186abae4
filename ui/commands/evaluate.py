"""`coach eval`: measure what the coach does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from coach import refuse
from coach.errors import BadInput, IndexStale, StorageError
from coach.interview import Interview
from coach.records import event
from coach.settings import load_settings
from coach.wiring import make_embedder, make_history, open_coach
from ingest.read import whole_bank
from ingest.refresh import stale
from ui.console import errors, out, progress, waiting

if TYPE_CHECKING:
    from coach.domain import Grade, Question
    from coach.grade import Grader, Rubric, Weights
    from eval.grading import Agreement, GradingReport
    from eval.retrieval import Report

cli = typer.Typer(
    help="Measure retrieval and refusal beside plain alternatives, offline.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cli.callback()
def evaluate() -> None:
    """Measure what the coach does."""


@cli.command("retrieval")
def retrieval(
    dataset: Annotated[
        list[Path] | None, typer.Option("--dataset", help="JSONL cases instead of the committed ones; may be given twice.")
    ] = None,
    fitting: Annotated[bool, typer.Option("--fit", help="Fit the refusal first and store it in coach/calibration.json.")] = False,
    kinds: Annotated[
        str, typer.Option(help="Only cases of these kinds, comma-separated, for instance natural,colloquial,near,far.")
    ] = "",
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every case that went wrong.")] = False,
) -> None:
    """nDCG@10, hit@1, recall@5, and telling answerable from unanswerable, for the coach and three plain alternatives.

    A case is a line of JSON: id, user_input, reference_context_ids (question ids; none means unanswerable), kind.
    """
    # scikit-learn and scipy take a second: only who measures waits for them.
    from eval.cases import FOLDER, digest, load_retrieval, verbatim
    from eval.retrieval import fit, measure

    settings = load_settings()
    if reason := stale(settings):
        raise IndexStale(f"{reason} Numbers over an old index mean nothing. Run: coach ingest")
    questions = whole_bank(settings.corpus).questions
    cases = load_retrieval(*(dataset or sorted(FOLDER.glob("retrieval*.jsonl"))))
    if not dataset:
        cases += verbatim(questions)
    if kinds:
        cases = [case for case in cases if case.kind in kinds.split(",")]
    if not cases:
        raise BadInput(f"No case is of the kinds {kinds!r}. Leave --kinds out to see which there are.")
    if fitting and kinds:
        raise BadInput("--fit needs all kinds of cases. Leave --kinds out.")
    coach = open_coach(settings)
    with waiting("Loading the embedding model ..."):
        coach.embedder.warm()
    if fitting:
        coach = replace(coach, calibration=fit(coach, cases))
        _store(coach.embedder.id.name, coach.calibration, digest(cases))
    with progress("Searching", len(cases)) as bar:
        report = measure(coach, questions, cases, bar)
    out.print(_table(report))
    out.print(_kinds(report))
    out.print(
        f"{report.answerable} answerable and {report.unanswerable} unanswerable cases, sha {digest(cases)[:8]}, "
        f"{len(questions)} questions, {coach.embedder.id}. Floors fitted on the development half to keep 95 %; "
        "kept and refused are the other half's.",
        soft_wrap=True,
    )
    if verbose:
        _wrong(report)


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = ("", "nDCG@10", "hit@1", "recall@5", "MRR", "AUROC", "AUROC near", "floor", "kept", "refused near", "refused far")
    for column in columns:
        table.add_column(column, no_wrap=True, justify="left" if not column else "right")
    for system in report.systems:
        table.add_row(
            system.name,
            *(str(system.measures[name]) for name in ("nDCG@10", "hit@1", "recall@5", "MRR")),
            *(_number(value) for value in (system.auroc, system.auroc_near, system.floor)),
            *(_share(value) for value in (system.kept, system.refused.get("near"), system.refused.get("far"))),
        )
    return table


def _kinds(report: Report) -> Table:
    table = Table("coach, by phrasing", "cases", "nDCG@10", "hit@1", box=None, pad_edge=False, header_style="bold")
    for kind, measures in report.systems[0].by_kind.items():
        table.add_row(kind, str(measures["nDCG@10"].n), str(measures["nDCG@10"]), str(measures["hit@1"]))
    return table


def _wrong(report: Report) -> None:
    for case, first in report.not_first:
        out.print(
            f"not first   {case.id}: {case.user_input!r} wants {', '.join(case.relevant)}, got {', '.join(first)}",
            markup=False,
            soft_wrap=True,
        )
    for case, score in report.wrongly_refused:
        out.print(f"refused     {case.id}: {case.user_input!r} at {score:.3f}", markup=False, soft_wrap=True)
    for case, got, score in report.wrongly_answered:
        out.print(f"answered    {case.id}: {case.user_input!r} with {got} at {score:.3f}", markup=False, soft_wrap=True)


def _store(model: str, fitted: refuse.Calibration, cases: str) -> None:
    entry = {
        "weights": {name: round(weight, 4) for name, weight in zip(refuse.FEATURES, fitted.weights, strict=True)},
        "constant": round(fitted.constant, 4),
        "floor": round(fitted.floor, 4),
        "cases": cases,
    }
    _keep(refuse.FILE, model, entry, "refusal")


def _keep(file: Path, model: str, entry: dict[str, Any], what: str) -> None:
    """Put what was fitted for one model beside what was fitted for others."""
    known = json.loads(file.read_text(encoding="utf-8"))
    known[model] = {**entry, "fitted": datetime.now(UTC).date().isoformat()}
    file.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    errors.print(f"Stored the {what} fitted for {model} in {file.name}.")


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


@cli.command("grading")
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
    coach = open_coach(settings)
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
            result.attack, str(result.expect), str(result.cases), str(result.fooled), _share(result.rate), _number(result.mean)
        )
    out.print(table)
    if verbose:
        for result in report.results:
            for offender in result.worst:
                before = f", its base {offender.base:.1f}" if offender.base is not None else ""
                out.print(f"{result.attack}: {offender.id} got {_number(offender.score)}{before}", markup=False)


@cli.command("add")
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


@cli.command("entail")
def entail(
    fitting: Annotated[bool, typer.Option("--fit", help="Train the net first (about ten minutes) and store it.")] = False,
) -> None:
    """How well the net that reads for the grader tells said from contradicted and from beside the point.

    Trained on eval/cases/statements.jsonl; the numbers are of one question in eight, held back.
    """
    # torch takes seconds: only who trains or measures waits for it.
    from coach.entail import entailment_for
    from eval import entail as training

    statements = training.load()
    settings = load_settings()
    by_id = {question.id: question for question in whole_bank(settings.corpus).questions}
    embedder = make_embedder(settings)
    with waiting("Loading the embedding model ..."):
        embedder.warm()
    stored = None if fitting else entailment_for(embedder.id.name)
    if stored is None and not fitting:
        raise BadInput(f"No net is stored for {embedder.id.name}. Run: coach eval entail --fit")
    with progress("Reading", len(training.texts_of(statements, by_id))) as bar:
        work = training.Training.over(statements, by_id, embedder, bar, stored)
    if stored is None:
        with progress("Training", training.EPOCHS) as bar:
            net = work.train(lambda _epoch, _told: bar(1))
        work.store(net)
        told = work.told(net)
    else:
        told = work.told_by(stored)
    out.print(
        f"{told.right:.1%} right; said or contradicted {told.said_or_contradicted:.3f}, said or beside "
        f"{told.said_or_beside:.3f} (area under the curve) on {told.examples} held-back examples of {len(statements)} points, "
        f"sha {training.digest(statements)[:8]}.",
        soft_wrap=True,
    )


def _agreements(agreements: Sequence[Agreement]) -> Table:
    table = Table(
        "", "Pearson", "Spearman", "within question", "QWK", "MAE", "bias", box=None, pad_edge=False, header_style="bold"
    )
    for row in agreements:
        values = (row.pearson, row.spearman, row.within, row.qwk, row.mae, row.bias)
        table.add_row(row.name, *(_number(value) for value in values))
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
        table.add_row(name, str(support), *(_number(value) for value in (precision, recall, *other[:2])))
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
    _keep(grade.FILE, model, entry, "grader")
