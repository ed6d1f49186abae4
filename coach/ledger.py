"""What language models took becomes totals a day, and a word when a day's limit is reached. Knows no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from pydantic import TypeAdapter, ValidationError

from coach.domain import Spent
from coach.errors import Conflict, LLMError, StorageError
from coach.ports import ChatModel, History, Message, Record, Shape, Usage, Writing

SPENDING = "spending"
CHARACTERS_PER_TOKEN = 4
_TRIES = 20
_SPENT = TypeAdapter(Spent)


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a million tokens that go in and that come out, in any currency. None is unknown, and then so is the cost."""

    prompt: float | None = None
    completion: float | None = None

    def of(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        if self.prompt is None or self.completion is None:
            return None
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1_000_000

    def spent(self, model: str, usage: Usage, prompt: Sequence[Message], written: str) -> Spent:
        """What a call took. What the server does not say is estimated by length."""
        counted = usage.prompt_tokens is not None and usage.completion_tokens is not None
        sent = sum(len(message.content) for message in prompt)
        into = usage.prompt_tokens if usage.prompt_tokens is not None else _tokens(sent)
        out = usage.completion_tokens if usage.completion_tokens is not None else _tokens(len(written))
        return Spent(model, usage.calls, into, out, counted, self.of(into, out), usage.seconds)


@dataclass(frozen=True, slots=True)
class Day:
    """What one day took. `cost` is None if a call of that day had no price; `counted` is whether servers counted all tokens."""

    on: date
    calls: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    counted: bool = True
    seconds: float = 0.0


@dataclass(frozen=True)
class Ledger:
    """Keeps account of every call, in a stream for each day that deleting a conversation does not touch.

    A day is one of `now`, the clock in a person's time zone. No limit is None.
    """

    history: History
    now: Callable[[], datetime]
    most_tokens: int | None = None
    most_cost: float | None = None

    def add(self, spent: Spent) -> None:
        """Write down what was spent. Two processes may do so at once. Raises StorageError."""
        at = self.now()
        stream = f"{SPENDING}-{at.date().isoformat()}"
        self.history.begin(stream, SPENDING, at.date().isoformat(), at)
        said = Record("spent", at, asdict(spent))
        for tries_left in reversed(range(_TRIES)):
            try:
                self.history.append(stream, len(self.history.records(stream)), said)
            except Conflict:
                if not tries_left:
                    raise
            else:
                return

    def today(self) -> Day:
        """What was spent today."""
        on = self.now().date()
        return _day(on, self.history.records(f"{SPENDING}-{on.isoformat()}"))

    def days(self) -> list[Day]:
        """Every day on which something was spent, the newest first."""
        found = [_day(date.fromisoformat(stream.name), records) for stream, records in self.history.everything(SPENDING)]
        return sorted(found, key=lambda day: day.on, reverse=True)

    def used_up(self) -> str:
        """One sentence if today's limit is reached, else nothing."""
        today = self.today()
        if self.most_tokens is not None and today.tokens >= self.most_tokens:
            return f"Today's limit of {self.most_tokens:,} tokens is used up ({today.tokens:,})."
        if self.most_cost is not None and today.cost is not None and today.cost >= self.most_cost:
            return f"Today's limit of {self.most_cost:g} is used up ({today.cost:.4g})."
        return ""


@dataclass(frozen=True)
class Paid:
    """A language model whose forms are paid for, and that fills none once today's limit is reached: a `ChatModel`."""

    model: ChatModel
    ledger: Ledger
    prices: Prices

    @property
    def name(self) -> str:
        return self.model.name

    def fill(self, messages: Sequence[Message], shape: type[Shape]) -> tuple[Shape, Usage]:
        """A reply that fits `shape`. Raises LLMError, also when the limit is reached."""
        if used_up := self.ledger.used_up():
            raise LLMError(used_up)
        filled, usage = self.model.fill(messages, shape)
        self.ledger.add(self.prices.spent(self.name, usage, messages, filled.model_dump_json()))
        return filled, usage

    def write(self, messages: Sequence[Message]) -> Writing:
        """Text is paid for by whoever reads it, who knows when it ends."""
        return self.model.write(messages)


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)


def _day(on: date, records: Sequence[Record]) -> Day:
    """The sum of a day's records."""
    try:
        spent = [_SPENT.validate_python(record.data) for record in records]
    except ValidationError as error:
        raise StorageError(
            f"The account of {on.isoformat()} cannot be read: it was written by another version, or changed by hand. "
            "Update the coach, or delete the history."
        ) from error
    costs = [one.cost for one in spent]
    return Day(
        on,
        calls=sum(one.calls for one in spent),
        tokens=sum(one.tokens for one in spent),
        cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        counted=all(one.counted for one in spent),
        seconds=sum(one.seconds for one in spent),
    )
