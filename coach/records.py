"""Events become records on disk and records events again. Knows JSON, not where it is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from coach.errors import StorageError
from coach.interview import Event, Graded, Replied
from coach.ports import Record

MOST = 5


def _within(event: Event) -> Event:
    given = event.grade.score if isinstance(event, Graded) else event.rating if isinstance(event, Replied) else None
    if given is not None and not 0 <= given <= MOST:
        raise ValueError(f"scores and ratings go from 0 to {MOST}")
    return event


_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind"), AfterValidator(_within)])


def record(event: Event) -> Record:
    """The event as it is kept; its kind and time stand beside the rest of it."""
    data = _EVENT.dump_python(event, mode="json")
    kind = data.pop("kind")
    del data["at"]
    return Record(kind, event.at, data)


def event(kept: Record) -> Event:
    """The event a record was made of. Raises StorageError if the record is none of ours."""
    # What stands on disk may be any JSON.
    data = kept.data if isinstance(kept.data, dict) else {"data": kept.data}
    try:
        return _EVENT.validate_python({**data, "kind": kept.kind, "at": kept.at})
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        where = " ".join([*map(str, wrong["loc"]), wrong["msg"]])
        raise StorageError(
            f"A record of the kind {kept.kind!r} in the history cannot be read: {where}. "
            "It was written by another version, or changed by hand. Update the coach, or delete that session."
        ) from error
