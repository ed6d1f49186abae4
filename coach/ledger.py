"""What language models took becomes totals a day, and a word when a day's limit is reached. Knows no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from pydantic import TypeAdapter, ValidationError

from coach.domain import Spent
from coach.errors import Conflict, StorageError
from coach.ports import History, Record

SPENDING = "spending"
_TRIES = 20
_SPENT = TypeAdapter(Spent)


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
