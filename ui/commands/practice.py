"""`coach practice`: what may be forgotten first, or one question of the bank, in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from coach.render import outcome
from coach.report import report
from ui.commands.interview import held, opened, ready, warmed
from ui.console import say


def practice(
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="A question by its number in the bank; unset: what is due.")] = "",
) -> None:
    """Practice what is due, question by question, with hints and feedback; or one question of your choice.

    Example: coach practice, or coach practice RG09
    """
    coach, interviewer = opened()
    open_ = interviewer.sitting()
    planned = open_.setup.only if open_ else interviewer.plan().today
    ids = (id_,) if id_ else planned
    if not ids:
        say("Nothing is due. Come back tomorrow, or choose a question: coach bank")
        return
    warmed(coach)
    over = held(interviewer, ready(interviewer, interviewer.practice(ids)))
    if over:
        say("Done:", "bold")
        for question in report(over, interviewer.questions, {}, interviewer.now()).questions:
            say(f"{outcome(question)}  {question.id}  {question.prompt}", indent=2)
