"""Events become records on disk and records events again. Knows JSON, not where it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, Protocol, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from coach.errors import StorageError
from coach.interview import Event, Graded, Replied
from coach.ports import Record

MOST = 5


class _Dated(Protocol):
    @property
    def at(self) -> datetime: ...

    @property
    def kind(self) -> str: ...


E = TypeVar("E", bound=_Dated)


@dataclass(frozen=True, slots=True)
class Kept(Generic[E]):
    """How one family of events is kept. `within` and `whole` name for people where a record stands, and what to delete."""

    shape: TypeAdapter[E]
    within: str
    whole: str

    def record(self, event: E) -> Record:
        """The event as it is kept; its kind and time stand beside the rest of it."""
        data: dict[str, Any] = self.shape.dump_python(event, mode="json")
        del data["kind"], data["at"]
        return Record(event.kind, event.at, data)

    def event(self, kept: Record) -> E:
        """The event a record was made of. Raises StorageError if the record is none of ours."""
        # What stands on disk may be any JSON.
        data = kept.data if isinstance(kept.data, dict) else {"data": kept.data}
        try:
            return self.shape.validate_python({**data, "kind": kept.kind, "at": kept.at})
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)[0]
            where = " ".join([*map(str, wrong["loc"]), wrong["msg"]])
            raise StorageError(
                f"A record of the kind {kept.kind!r} in {self.within} cannot be read: {where}. "
                f"It was written by another version, or changed by hand. Update the coach, or delete that {self.whole}."
            ) from error


def _within(event: Event) -> Event:
    given = event.grade.score if isinstance(event, Graded) else event.rating if isinstance(event, Replied) else None
    if given is not None and not 0 <= given <= MOST:
        raise ValueError(f"scores and ratings go from 0 to {MOST}")
    return event


_INTERVIEW: Kept[Event] = Kept(
    TypeAdapter(Annotated[Event, Field(discriminator="kind"), AfterValidator(_within)]), "the history", "session"
)
record = _INTERVIEW.record
event = _INTERVIEW.event
