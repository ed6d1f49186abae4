"""Everything that happened, as rows in an SQL database.

    streams   id, kind, name, began, changed
    records   stream, number, at, kind, data     a number can be written once; data is JSON

Text is kept as the inside of a JSON string: plain ASCII, so that NUL, half a surrogate pair or an emoji come back from
any database as they went in. Times are kept in UTC, as text that sorts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Dialect, Integer, MetaData, Row, Table, Text, TypeDecorator, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from coach.adapters.database import Database, database_at
from coach.errors import Conflict
from coach.migrations import Steps
from coach.ports import Record, Stream


class _Escaped(TypeDecorator[str]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 the caller names it
        return None if value is None else json.dumps(value)[1:-1]

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 the caller names it
        return None if value is None else str(json.loads(f'"{value}"'))


TABLES = MetaData()
_STREAMS = Table(
    "streams",
    TABLES,
    Column("id", _Escaped, primary_key=True),
    Column("kind", _Escaped, nullable=False),
    Column("name", _Escaped, nullable=False),
    Column("began", Text, nullable=False),
    Column("changed", Text, nullable=False),
)
_RECORDS = Table(
    "records",
    TABLES,
    Column("stream", _Escaped, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Text, nullable=False),
    Column("kind", _Escaped, nullable=False),
    Column("data", Text, nullable=False),
)


class SqlHistory:
    """A `History` in a database. Threads may share one; processes may each open their own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def at(cls, where: Path | str, steps: Steps | None = None) -> SqlHistory:
        """Open, and bring up to date, the history in an SQLite file or at a URL. Raises StorageError."""
        database = database_at(where)
        try:
            database.open(steps or Steps())
        except BaseException:
            database.close()
            raise
        return cls(database)

    def begin(self, stream: str, kind: str, name: str, at: datetime) -> None:
        row = {"id": stream, "kind": kind, "name": name, "began": _utc(at), "changed": _utc(at)}
        with self._database.writing() as connection, suppress(IntegrityError), connection.begin_nested():
            connection.execute(insert(_STREAMS), row)

    def append(self, stream: str, number: int, record: Record) -> None:
        at, data = _utc(record.at), json.dumps(dict(record.data), allow_nan=False)
        with self._database.writing() as connection:
            # First the update: it locks the stream, so that on a server, too, two writers take turns.
            touched = connection.execute(update(_STREAMS).where(_STREAMS.c.id == stream).values(changed=at))
            if not touched.rowcount:
                raise Conflict(f"There is no {stream!r} any more: it was deleted in another window or process. Begin a new one.")
            last = connection.scalar(select(func.max(_RECORDS.c.number)).where(_RECORDS.c.stream == stream))
            following = 0 if last is None else last + 1
            if number != following:
                raise Conflict(
                    f"Record {number} of {stream!r} cannot be written; the next one is {following}. "
                    "Something was added in another window or process: load it again, then go on."
                )
            row = {"stream": stream, "number": number, "at": at, "kind": record.kind, "data": data}
            connection.execute(insert(_RECORDS), row)

    def records(self, stream: str) -> list[Record]:
        query = select(_RECORDS).where(_RECORDS.c.stream == stream).order_by(_RECORDS.c.number)
        with self._database.reading() as connection:
            return [Record(row.kind, _time(row.at), json.loads(row.data)) for row in connection.execute(query)]

    def everything(self, kind: str) -> Iterator[tuple[Stream, list[Record]]]:
        # One statement, so that what it sees belongs together.
        what = _RECORDS.c.kind.label("what")
        query = (
            select(_STREAMS, _RECORDS.c.number, _RECORDS.c.at, what, _RECORDS.c.data)
            .outerjoin(_RECORDS, _RECORDS.c.stream == _STREAMS.c.id)
            .where(_STREAMS.c.kind == kind)
            .order_by(_STREAMS.c.began, _STREAMS.c.id, _RECORDS.c.number)
        )
        with self._database.reading() as connection:
            found = groupby(connection.execute(query), lambda row: row.id)
            return iter([_with_records(list(rows)) for _, rows in found])

    def streams(self, kind: str) -> list[Stream]:
        length = select(func.count()).where(_RECORDS.c.stream == _STREAMS.c.id).scalar_subquery()
        query = (
            select(_STREAMS, length.label("length"))
            .where(_STREAMS.c.kind == kind)
            .order_by(_STREAMS.c.changed.desc(), _STREAMS.c.began.desc(), _STREAMS.c.id)
        )
        with self._database.reading() as connection:
            return [_stream(row, row.length) for row in connection.execute(query)]

    def kinds(self) -> list[str]:
        query = select(_STREAMS.c.kind).distinct().order_by(_STREAMS.c.kind)
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def rename(self, stream: str, name: str) -> None:
        """Nothing happens if there is no such stream."""
        with self._database.writing() as connection:
            connection.execute(update(_STREAMS).where(_STREAMS.c.id == stream).values(name=name))

    def delete(self, stream: str) -> None:
        """A copy made before the tables were last brought up to date still has it; `delete_everything` takes that too."""
        with self._database.writing() as connection:
            # First the stream: whoever is adding to it has it locked, and what was added must go too.
            connection.execute(delete(_STREAMS).where(_STREAMS.c.id == stream))
            connection.execute(delete(_RECORDS).where(_RECORDS.c.stream == stream))
        self._database.wipe()

    def delete_everything(self) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(_STREAMS))
            connection.execute(delete(_RECORDS))
        self._database.drop_copies()
        self._database.wipe()

    def close(self) -> None:
        self._database.close()


def _with_records(rows: list[Row[Any]]) -> tuple[Stream, list[Record]]:
    """A stream's rows, one a record; a stream without records has one with number None."""
    records = [Record(row.what, _time(row.at), json.loads(row.data)) for row in rows if row.number is not None]
    return _stream(rows[0], len(records)), records


def _stream(row: Row[Any], records: int) -> Stream:
    return Stream(row.id, row.kind, row.name, _time(row.began), _time(row.changed), records)


def _utc(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
