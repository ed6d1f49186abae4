"""A history becomes a document a person can keep, and such a document becomes streams again. Knows no file and no clock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, FailFast, Field, JsonValue, ValidationError

from coach.errors import BadInput
from coach.ports import History, Record

# Raised when the document changes its shape.
FORMAT = 1


def _readable(format_: int) -> int:
    if format_ != FORMAT:
        raise ValueError(f"this version of Interview Coach reads format {FORMAT}, not {format_}")
    return format_


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such time") from error


def _finite(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    json.dumps(data, allow_nan=False)
    return data


_Word = Annotated[str, Field(min_length=1, max_length=200)]
_Time = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Record(_Strict):
    kind: _Word
    at: _Time
    data: Annotated[dict[str, JsonValue], AfterValidator(_finite)]


class _Stream(_Strict):
    id: _Word
    kind: _Word
    name: str
    began: _Time
    records: Annotated[list[_Record], FailFast()]


class _Archive(_Strict):
    format: Annotated[int, AfterValidator(_readable)]
    streams: Annotated[list[_Stream], FailFast()]


def exported(history: History, kinds: Iterable[str]) -> dict[str, object]:
    """Every stream of these kinds with its records, as plain JSON."""
    streams = [
        {
            "id": stream.id,
            "kind": stream.kind,
            "name": stream.name,
            "began": stream.began.isoformat(),
            "records": [{"kind": r.kind, "at": r.at.isoformat(), "data": dict(r.data)} for r in records],
        }
        for kind in kinds
        for stream, records in history.everything(kind)
    ]
    return {"format": FORMAT, "streams": _unicode(streams)}


def restored(history: History, archive: Mapping[str, object] | str | bytes) -> int:
    """How many streams of the archive (or its JSON) were added or completed. Raises BadInput, StorageError.

    A stream that is there is left alone, unless it is the beginning of the one in the archive: then the rest is added,
    so that a restore which was cut off can be run again.
    """
    streams = _read(archive).streams
    kinds = {stream.kind for stream in streams}
    before = _known(history, kinds)
    for stream in streams:
        history.begin(stream.id, stream.kind, stream.name, stream.began)
    # An id that a stream of another kind has is not in here.
    ours = _known(history, kinds)
    added = ours - before
    for stream in streams:
        if (stream.kind, stream.id) in ours and _complete(history, stream):
            added.add((stream.kind, stream.id))
    return len(added)


def _complete(history: History, stream: _Stream) -> bool:
    """Add what this stream has more than the one that is there; whether there was anything."""
    there = history.records(stream.id)
    records = [Record(record.kind, record.at, record.data) for record in stream.records]
    if len(there) >= len(records) or there != records[: len(there)]:
        return False
    for number, record in enumerate(records[len(there) :], len(there)):
        history.append(stream.id, number, record)
    return True


def _known(history: History, kinds: Iterable[str]) -> set[tuple[str, str]]:
    return {(kind, stream.id) for kind in kinds for stream in history.streams(kind)}


def _read(archive: Mapping[str, object] | str | bytes) -> _Archive:
    try:
        return _Archive.model_validate_json(archive if isinstance(archive, str | bytes) else json.dumps(archive))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))[:100] or "the top"
        what = first["msg"].removeprefix("Value error, ")
    except (TypeError, ValueError, RecursionError):
        where, what = "the top", "it is not JSON"
    raise BadInput(
        f"This is no archive of a history; at {where}: {what}. Nothing was restored. Choose a file that Interview Coach exported."
    )


def _unicode(plain: object) -> object:
    """`plain` with a question mark for each half of a surrogate pair, which not every reader of JSON takes."""
    return json.loads(json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace"))
