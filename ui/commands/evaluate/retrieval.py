"""`coach eval retrieval`: the coach's retrieval and refusal beside plain alternatives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from coach import refuse
from coach.errors import BadInput, IndexStale
from coach.settings import load_settings
from coach.wiring import make_embedder, open_coach
from ingest.read import whole_bank
from ingest.refresh import stale
from ui.commands.evaluate.shown import keep, number, share
from ui.console import out, progress, waiting

if TYPE_CHECKING:
    from eval.retrieval import Report


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
    coach = open_coach(settings, make_embedder(settings))
    with waiting("Loading the embedding model ..."):
        coach.embedder.warm()
    if fitting:
        coach = replace(coach, calibration=fit(coach, cases))
        store(coach.embedder.id.name, coach.calibration, digest(cases))
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
            *(number(value) for value in (system.auroc, system.auroc_near, system.floor)),
            *(share(value) for value in (system.kept, system.refused.get("near"), system.refused.get("far"))),
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


def store(model: str, fitted: refuse.Calibration, cases: str) -> None:
    entry = {
        "weights": {name: round(weight, 4) for name, weight in zip(refuse.FEATURES, fitted.weights, strict=True)},
        "constant": round(fitted.constant, 4),
        "floor": round(fitted.floor, 4),
        "cases": cases,
    }
    keep(refuse.FILE, model, entry, "refusal")
