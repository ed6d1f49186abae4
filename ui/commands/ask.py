"""`coach ask`: one question, one cited answer."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.markdown import Markdown

from coach.domain import Answer, AnswerKind
from coach.service import asked
from coach.wiring import open_coach
from ui.console import out, waiting


def ask(
    question: Annotated[str, typer.Argument(help="What you want to know, in quotes.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, with every citation.")] = False,
) -> None:
    """Ask the material; get an answer with citations, or "not in the material".

    Example: coach ask "How does HNSW find neighbors, and what do I give up?"
    """
    asked(question)  # a bad question is told before the model is loaded
    coach = open_coach()
    with waiting("Loading the embedding model (a few seconds) ..."):
        coach.embedder.warm()
    answer = coach.ask(question)
    if as_json:
        out.print_json(json.dumps(asdict(answer)))
    else:
        _show(answer)


def _show(answer: Answer) -> None:
    out.print(Markdown(answer.text.replace(" [", " \\[")))
    if answer.note:
        out.print(answer.note, style="yellow", markup=False)
    out.print()
    if answer.kind is AnswerKind.REFUSED:
        out.print("Nearest in the material:" if answer.near_topics else "The material is empty.")
        for near in answer.near_topics:
            out.print(f"  {near.prompt}  ({near.topic})", markup=False, soft_wrap=True)
        return
    for number, citation in enumerate(answer.citations, 1):
        passage = citation.passage
        out.print(f"[{number}] {passage.heading}  ({passage.source}, {passage.place})", markup=False, style="dim", soft_wrap=True)
    for link in {link.url: link for citation in answer.citations for link in citation.passage.links}.values():
        out.print(f"    {link.title}: {link.url}", markup=False, style="dim", soft_wrap=True)
