"""`coach interview`: a mock interview in the terminal, in the same history as the app's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coach.domain import Level
from coach.errors import BadInput, Conflict, StorageError
from coach.interview import MAX_MINUTES, MAX_QUESTIONS, Interview, Setup, Step, Style
from coach.interviewer import Interviewer
from coach.render import as_json, html, markdown
from coach.report import Report
from coach.service import Coach
from coach.settings import load_settings
from coach.wiring import open_coach, open_interviewer
from ingest.refresh import material
from ui.console import errors, say, waiting
from ui.interview_talk import hold, leave, say_report
from ui.typed import Lines


class Manner(StrEnum):
    PRACTICE = "practice"
    REAL = "real"


def interview(
    topic: Annotated[list[str] | None, typer.Option("--topic", "-t", help="Only this topic; may be given again.")] = None,
    level: Annotated[Level | None, typer.Option("--level", "-l", help="Unset means one that moves with your answers.")] = None,
    questions: Annotated[
        int | None, typer.Option("--questions", "-n", help=f"How many, up to {MAX_QUESTIONS}; unset: 5.")
    ] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", help=f"Ask until they are over, up to {MAX_MINUTES}.")] = None,
    mode: Annotated[
        Manner, typer.Option("--mode", "-m", help="real: a clock for each question, no hints, feedback at the end.")
    ] = Manner.PRACTICE,
    style: Annotated[Style, typer.Option("--style", help="How the interviewer talks.")] = Style.NEUTRAL,
    seed: Annotated[int | None, typer.Option("--seed", help="The same number chooses alike.")] = None,
    resume: Annotated[bool, typer.Option("--resume", "-r", help="Go on with the one you left, here or in the app.")] = False,
    again: Annotated[bool, typer.Option("--report", help="Only show the report of the last one that is over.")] = False,
    export: Annotated[Path | None, typer.Option("--export", help="Write the report to this .md, .html or .json file.")] = None,
) -> None:
    """Hold a mock interview: type each answer, end it with an empty line, read how it was graded.

    Example: coach interview --topic rag --questions 3 and, when you had to leave: coach interview --resume
    """
    writer = _writer(export)
    coach, interviewer = opened()
    if again:
        _tell(interviewer, _last(interviewer), export, writer)
        return
    warmed(coach)
    setup = Setup(
        topics=tuple(topic or ()),
        level=level,
        questions=questions if questions or minutes else 5,
        minutes=minutes,
        real=mode is Manner.REAL,
        style=style,
        seed=secrets.randbelow(2**31) if seed is None else seed,
    )
    if not resume and interviewer.unfinished():
        errors.print("This is a new one; coach interview --resume goes on with the one you left.", style="dim", soft_wrap=True)
    over = held(interviewer, _resumed(interviewer) if resume else interviewer.begin(setup))
    if over:
        _tell(interviewer, over, export, writer)


def opened() -> tuple[Coach, Interviewer]:
    """A coach and an interviewer over the whole bank; `warmed` makes them ready to embed."""
    settings = load_settings()
    coach = open_coach(settings)
    return coach, open_interviewer(coach, material(settings, keep_going=True).topics, settings)


def warmed(coach: Coach) -> None:
    with waiting("Loading the embedding model (a few seconds) ..."):
        coach.embedder.warm()


def held(interviewer: Interviewer, begun: Interview) -> Interview | None:
    """The interview if it came to its end; if it was left, how to go on with it was said."""
    try:
        came = hold(interviewer, begun, Lines.of_standard_input())
    except KeyboardInterrupt:
        leave(interviewer, begun.id)
        errors.print(f"\n{_LEFT}", soft_wrap=True)
        raise typer.Exit(130) from None
    except Conflict as error:
        raise Conflict("This interview went on in another window. Go on where it is now: coach interview --resume") from error
    if came.step is Step.OVER:
        return came
    errors.print(_LEFT, soft_wrap=True)
    return None


_LEFT = "Paused; everything you typed is kept. Go on with: coach interview --resume"


def _resumed(interviewer: Interviewer) -> Interview:
    found = [(stream.changed, interview.id) for stream, interview in interviewer.unfinished()]
    if not found:
        raise BadInput("There is no interview to go on with. Begin one: coach interview")
    return ready(interviewer, interviewer.arrive(max(found)[1]))


def ready(interviewer: Interviewer, interview: Interview) -> Interview:
    """The same, and its clocks run again if it was paused."""
    return interviewer.resume(interview) if interview.step is Step.PAUSED else interview


def _last(interviewer: Interviewer) -> Interview:
    over = [(stream.changed, interview) for stream, interview in interviewer.interviews() if interview.step is Step.OVER]
    if not over:
        raise BadInput("No interview has come to its end yet. Begin one: coach interview")
    return max(over, key=lambda one: one[0])[1]


def _tell(interviewer: Interviewer, over: Interview, export: Path | None, writer: Callable[[Report], str]) -> None:
    made = say_report(interviewer, over)
    if export:
        try:
            export.write_text(writer(made), encoding="utf-8", errors="replace")
        except OSError as error:
            raise StorageError(
                f"The report cannot be written to {export}: {error.strerror}. "
                "It is not lost; name another file: coach interview --report --export FILE"
            ) from error
        say(f"Written to {export}.")
    say(f"Kept: coach interview --report, or coach app and then /interview?id={over.id} to read it or dispute a grade.", "dim")


def _writer(export: Path | None) -> Callable[[Report], str]:
    """What makes the file. Raises BadInput before anything is asked if nothing does."""
    ending = export.suffix.lower() if export else ".md"
    if ending not in _WRITERS:
        raise BadInput(f"A report cannot be written as {ending or 'a file without an ending'}. Choose {', '.join(_WRITERS)}.")
    return _WRITERS[ending]


_WRITERS: Mapping[str, Callable[[Report], str]] = {
    ".md": markdown,
    ".html": html,
    ".json": lambda made: json.dumps(as_json(made), ensure_ascii=False, indent=1),
}
