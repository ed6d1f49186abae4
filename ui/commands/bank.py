"""`coach bank`: the questions there are, searched and filtered, each with how it stands."""

from __future__ import annotations

from typing import Annotated

import typer

from coach.catalog import Standing, Wanted, catalog, found
from coach.domain import Level
from coach.interview import Setup
from coach.interviewer import titles
from coach.render import score
from ui.commands.interview import opened, warmed
from ui.console import say


def bank(
    words: Annotated[str, typer.Argument(help="Words of the question, what it is about, or its number.")] = "",
    topic: Annotated[list[str] | None, typer.Option("--topic", "-t", help="Only this topic; may be given again.")] = None,
    level: Annotated[list[Level] | None, typer.Option("--level", "-l", help="Only this level; may be given again.")] = None,
    state: Annotated[
        list[Standing] | None, typer.Option("--state", "-s", help="Only what stands so; may be given again.")
    ] = None,
) -> None:
    """List the questions, the best match first, with how you stand in each.

    Example: coach bank "reranking" --topic rag --state weak
    """
    coach, interviewer = opened()
    topics = interviewer.checked(Setup(topics=tuple(topic or ()))).topics
    if words.strip():
        warmed(coach)
    ranking = coach.look_up(words) if words.strip() else ()
    names = titles(interviewer.topics)
    listed = catalog(interviewer.questions.values(), interviewer.past(), interviewer.now())
    matching = found(listed, Wanted(words, topics, tuple(level or ()), tuple(state or ())), ranking)
    for one in matching:
        question, last = one.question, f", last {score(one.results[-1].score)}" if one.results else ""
        say(f"{question.id}  {question.prompt}")
        say(f"{' · '.join(one.standings)}{last} · {question.level} · {names[question.topic]}", "dim", indent=6)
    say(f"{len(matching)} of {len(listed)} questions." + ("" if matching else " Try other words, or fewer filters."))
