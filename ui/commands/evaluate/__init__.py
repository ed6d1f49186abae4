"""`coach eval`: measure what the coach does."""

from __future__ import annotations

import typer

from ui.commands.evaluate import entail, grading, library, retrieval, run

cli = typer.Typer(
    help="Measure what the coach does, offline: all of it with a gate, or one part beside plain alternatives.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.command("run")(run.run)
cli.command("answers")(run.answers)
cli.command("compare")(run.compare)
cli.command("baseline")(run.baseline)
cli.command("report")(run.report)
cli.command("retrieval")(retrieval.retrieval)
cli.command("library")(library.library)
cli.command("grading")(grading.grading)
cli.command("entail")(entail.entail)
cli.command("add")(grading.add)
