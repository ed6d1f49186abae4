"""`coach ask`: one question, one cited answer, kept in a conversation that can be gone on with."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markdown import Markdown

from coach.conversation import Conversation
from coach.conversations import Conversations
from coach.domain import Answer, AnswerKind, Manner, Part, Stage
from coach.errors import BadInput
from coach.service import asked
from coach.settings import load_settings
from coach.wiring import open_coach, open_conversations
from ingest.refresh import material
from ui.answer_words import about, spent, where, whose
from ui.console import errors, out, waiting


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know, in quotes.")] = "",
    manner: Annotated[Manner, typer.Option("--mode", "-m", help="How to answer. Without a question: about the last one.")] = (
        Manner.PLAIN
    ),
    follow: Annotated[bool, typer.Option("--follow", "-c", help="Go on with the last conversation.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, with every citation.")] = False,
) -> None:
    """Ask the material; get an answer with citations, or "not in the material".

    Example: coach ask "How does HNSW find neighbors, and what do I give up?" and then: coach ask -c "why is that faster?"
    """
    follow |= not question.strip() and manner is not Manner.PLAIN
    if not follow:
        asked(question)  # a bad question is told before the model is loaded
    settings = load_settings()
    coach = open_coach(settings)
    conversations = open_conversations(coach, material(settings, keep_going=True).topics, settings)
    conversation = _last(conversations) if follow else conversations.new()
    with waiting("Loading the embedding model (a few seconds) ..."):
        coach.embedder.warm()
    live = conversations.coach.writer is not None and not as_json
    try:
        answer = _answered(conversations.ask(conversation, question, manner), live=live)
    except KeyboardInterrupt:
        errors.print("\nStopped. What came is kept; go on with: coach ask -c", soft_wrap=True)
        raise typer.Exit(130) from None
    if as_json:
        out.print_json(json.dumps(asdict(answer)))
        return
    if not live:
        out.print(Markdown(answer.text.replace(" [", " \\[")))
    _show(answer)


def _last(conversations: Conversations) -> Conversation:
    last = conversations.last()
    if last is None:
        raise BadInput('There is no conversation to go on with. Ask something first: coach ask "What is chunking?"')
    return last


def _answered(asking: Generator[Stage | Part | Answer], *, live: bool) -> Answer:
    """The answer, after its stages on standard error and, if `live`, its text as it comes."""
    with closing(asking) as steps:
        for step in steps:
            if isinstance(step, Answer):
                answer = step
            elif isinstance(step, Stage):
                errors.print(f"{str(step).capitalize()} ...", style="dim")
            elif live:
                out.print(step.text, end="", markup=False, soft_wrap=True)
    if live:
        out.print()
    return answer


def _show(answer: Answer) -> None:
    """What stands below an answer's text."""
    below = " · ".join([*about(answer), *([spent(answer.spent)] if answer.spent else [])])
    for said, style in ((answer.note, "yellow"), (below, "dim")):
        if said:
            out.print(said, style=style, markup=False, soft_wrap=True)
    out.print()
    if answer.kind is AnswerKind.REFUSED:
        out.print("Nearest in the material:" if answer.near_topics else "The material is empty.")
        for near in answer.near_topics:
            out.print(f"  {near.prompt}  ({near.topic})", markup=False, soft_wrap=True)
        return
    for number, citation in enumerate(answer.citations, 1):
        passage = citation.passage
        out.print(f"[{number}] {passage.heading}  ({passage.source}, {passage.place})", markup=False, style="dim", soft_wrap=True)
    for citation in answer.further:
        out.print(f"{whose(answer, citation)}: {citation.quote}", markup=False, soft_wrap=True)
        out.print(f"    {where(citation.passage)}", markup=False, style="dim", soft_wrap=True)
    for link in {link.url: link for citation in answer.citations for link in citation.passage.links}.values():
        out.print(f"    {link.title}: {link.url}", markup=False, style="dim", soft_wrap=True)
