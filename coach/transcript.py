"""A conversation becomes Markdown to keep, or JSON to work with. Knows no file.

What people, pages and models wrote is data in either: no picture loads and no tag works where the Markdown is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import TypeAdapter

from coach.conversation import Conversation, Turn
from coach.domain import Answer, AnswerKind

FORMAT = 1
_JSON = TypeAdapter(Conversation)
_LIVE = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)|(?<=\])(?=\()")


def markdown(conversation: Conversation) -> str:
    """Questions as headings, answers with the quotes they stand on."""
    parts = [f"# {_inert(_line(conversation.name) or 'Conversation')}"]
    for turn in conversation.turns:
        parts += [f"## {_inert(_line(turn.asked.question))}", *_told(turn)]
    return "\n\n".join(parts) + "\n"


def as_json(conversation: Conversation) -> dict[str, object]:
    """Everything, as plain JSON."""
    whole: dict[str, object] = _JSON.dump_python(conversation, mode="json")
    return {"format": FORMAT, **whole}


def _told(turn: Turn) -> Iterator[str]:
    if turn.partial:
        yield f"{_inert(turn.partial)}\n\n*Stopped before its end.*"
    if turn.trouble:
        yield f"*{_inert(turn.trouble)}*"
    if turn.answer:
        yield from _answer(turn.answer)


def _answer(answer: Answer) -> Iterator[str]:
    if answer.searched:
        yield f"*Searched for: {_inert(answer.searched)}*"
    if answer.partial:
        yield f"{_inert(answer.partial)}\n\n*Broken off there.*"
    yield _inert(answer.text)
    if answer.note:
        yield f"*{_inert(answer.note)}*"
    if answer.kind is AnswerKind.REFUSED:
        yield "\n".join(f"- {_inert(near.prompt)}" for near in answer.near_topics)
    for number, citation in enumerate(answer.citations, 1):
        where = f"{citation.passage.heading} ({citation.passage.source}, {citation.passage.place})"
        quote = _inert(citation.quote).replace("\n", "\n> ")
        yield f"\\[{number}\\] {_inert(where)}\n\n> {quote}"
    for citation in answer.further:
        where = f"{citation.passage.title} ({citation.passage.source}, {citation.passage.place})"
        quote = _inert(citation.quote).replace("\n", "\n> ")
        yield f"Beside the bank: {_inert(where)}\n\n> {quote}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _inert(text: str) -> str:
    """`text` in which no tag, picture or link is one any more."""
    return _LIVE.sub(lambda match: f"\\{match.group()}", text)
