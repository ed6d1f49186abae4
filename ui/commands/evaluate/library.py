"""`coach eval library`: can what lies beside the bank tell what it answers from what it does not?"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from coach.refuse import library_calibration_for, of_library
from coach.settings import load_settings
from coach.wiring import make_embedder, open_coach
from ingest.read import whole_bank
from ui.commands.evaluate.retrieval import store
from ui.commands.evaluate.shown import number, share
from ui.console import out, progress, waiting


def library(
    fitting: Annotated[bool, typer.Option("--fit", help="Fit it first and store it in coach/calibration.json.")] = False,
) -> None:
    """Refusal over documents: the bank's answers without their ways of asking, asked with the retrieval cases.

    Fitted on the development half of the cases; the numbers are the other half's.
    """
    from eval import library as evaluation
    from eval.cases import FOLDER, digest, load_retrieval
    from eval.metrics import Missing

    settings = load_settings()
    bank = whole_bank(settings.corpus)
    cases = load_retrieval(*sorted(FOLDER.glob("retrieval*.jsonl")))
    coach = open_coach(settings, make_embedder(settings))
    with waiting("Loading the embedding model ..."):
        coach.embedder.warm()
    model = coach.embedder.id.name
    pieces = {piece.text for entry in evaluation.as_documents(bank.topics) for piece in entry.pieces}
    with progress("Embedding", len(pieces)) as bar, evaluation.over_documents(coach, bank.topics, bar) as over:
        calibration = evaluation.fit(over, cases) if fitting else library_calibration_for(model)
        report = evaluation.measure(replace(over, calibration=calibration), cases)
    if fitting:
        store(of_library(model), calibration, digest(cases))
    auroc = None if isinstance(report.auroc, Missing) else report.auroc
    refused = ", ".join(f"{share(value)} of {kind} ones" for kind, value in report.refused.items())
    out.print(
        f"The right document is first for {report.first:.1%} of {report.answerable} answerable questions. Answerable or not: "
        f"AUROC {number(auroc)}; {share(report.kept)} are answered; of {report.unanswerable} unanswerable ones are "
        f"refused {refused}. Floor {calibration.floor:.3f}, {coach.embedder.id}.",
        soft_wrap=True,
    )
