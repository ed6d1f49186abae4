"""`coach eval entail`: the net that reads for the grader, trained or measured."""

from __future__ import annotations

from typing import Annotated

import typer

from coach.errors import BadInput
from coach.settings import load_settings
from coach.wiring import make_embedder
from ingest.read import whole_bank
from ui.console import out, progress, waiting


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
