"""Conversations over the tea material, with a language model on a scripted server or without one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from coach.adapters.history import SqlHistory
from coach.adapters.llm import OpenAIModel
from coach.conversations import Conversations
from coach.domain import Answer, Part, Stage
from coach.ledger import Ledger, Prices
from coach.ports import ChatModel
from coach.service import Coach
from coach.write import Writer
from ingest.read import whole_bank
from tests.llm_server import Scripted, Step, scripted

KEY = "sk-not-a-real-key-0123456789"
GREEN = "How is green tea brewed?"
OOLONG = "What sets oolong apart from black tea?"
# What an honest model writes about GREEN; the tea question is the first passage found.
HONEST = "Green tea is brewed with water well below boiling, at about 75 degrees [1]. Boiling water scalds the leaves [1]."
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def keyless(coach: Coach, file: Path, **limits: Any) -> Conversations:
    """Conversations in a database of their own, with a clock that ticks a second a look and ids that count."""
    ticks, ids = count(), count(1)
    history = SqlHistory.at(file)

    def now() -> datetime:
        return NOON + timedelta(seconds=next(ticks))

    bank = {question.id: question for question in whole_bank(file.parent / "corpus").questions}
    ledger = Ledger(history, now, **limits)
    return Conversations(replace(coach, bank=bank), history, ledger, now, lambda: f"c{next(ids)}")


def with_model(conversations: Conversations, server: Scripted, **options: Any) -> Conversations:
    """The same with a language model at `server`; `options` are the writer's."""
    return writing(conversations, OpenAIModel(server.url, KEY, "small", retries=0, timeout=5.0, budget=10.0), **options)


def writing(conversations: Conversations, model: ChatModel, **options: Any) -> Conversations:
    """The same with a language model."""
    fences = count(1)
    quoter, keep = conversations.coach.quoter, conversations.ledger.add
    writer = Writer(model, quoter, lambda: f"fence-{next(fences)}", keep, **{"prices": Prices()} | options)
    return replace(conversations, coach=replace(conversations.coach, writer=writer), where="loopback")


@contextmanager
def served(conversations: Conversations, *steps: Step, **options: Any) -> Iterator[tuple[Conversations, Scripted]]:
    with scripted(*steps) as server:
        yield with_model(conversations, server, **options), server


def answered(conversations: Conversations, question: str = GREEN, **how: Any) -> Answer:
    """The answer in a new conversation."""
    *_, answer = conversations.ask(conversations.new(), question, **how)
    assert isinstance(answer, Answer)
    return answer


def text_of(steps: list[Stage | Part | Answer]) -> str:
    """What was shown as it came."""
    return "".join(step.text for step in steps if isinstance(step, Part))
