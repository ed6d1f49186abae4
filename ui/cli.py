"""The command line `coach`: one file a command in `commands/`, errors caught here and nowhere else."""

from __future__ import annotations

import sys

import typer

from coach.errors import BadBank, CoachError
from ui.commands import app, ask, bank, check, doctor, evaluate, fetch, index, ingest, interview, practice, progress, sources
from ui.console import errors

EPILOG = (
    "Start with: coach ingest, then coach ask or coach app. Nothing needs a key. "
    "Settings are environment variables: coach doctor lists them."
)

cli = typer.Typer(
    name="coach",
    help="Prepare for a generative-AI interview: ask the material and get answers you can check.",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
cli.command("app")(app.app)
cli.command("ask")(ask.ask)
cli.command("interview")(interview.interview)
cli.command("practice")(practice.practice)
cli.command("bank")(bank.bank)
cli.command("progress")(progress.progress)
cli.command("ingest")(ingest.ingest)
cli.command("fetch")(fetch.fetch)
cli.command("sources")(sources.sources)
cli.command("check")(check.check)
cli.command("doctor")(doctor.doctor)
cli.add_typer(evaluate.cli, name="eval")
cli.add_typer(index.cli, name="index")


def main() -> None:
    """Exit codes: 0 done, 1 a check or gate failed, 2 bad input or setup, 130 interrupted."""
    try:
        cli()
    except BadBank as error:
        for problem in error.problems:
            errors.print(problem, style="red", highlight=False, soft_wrap=True)
        errors.print(f"{len(error.problems)} problems in the bank. Mend them, or run: coach ingest --keep-going", soft_wrap=True)
        sys.exit(2)
    except CoachError as error:
        errors.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("Interrupted. Nothing is half done: run the same command again.")
        sys.exit(130)


if __name__ == "__main__":
    main()
