"""A path or URL becomes a database that is safe to write to: one SQLite file, or a PostgreSQL server.

What differs between the two stands here: locks, durability, copies, what a person is told. Knows tables by name only.
"""

from __future__ import annotations

import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from coach.errors import StorageError
from coach.migrations import Steps

# How long a writer waits for the one before it; also for a server that does not answer.
_WAIT_SECONDS = 30
_CONNECT_SECONDS = 10

# Synced at every commit, also where a system has to be asked twice (macOS); deleted content is overwritten.
_PRAGMAS = ("PRAGMA synchronous=EXTRA", "PRAGMA fullfsync=ON", "PRAGMA secure_delete=ON")

# What SQLite says of the disk and of others; anything else it says is about what is in the file.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DISK = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}

# Any number will do, as long as every version of the coach asks for the same lock.
_MIGRATION_LOCK = 7_310_204_417


class Database(ABC):
    """What history is kept in. Every error of the database leaves as StorageError; threads may share it."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection; each statement sees what is committed when it starts."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, ValueError) as error:  # ValueError: what is stored cannot be decoded
            raise StorageError(self._complaint(error)) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: on disk when the block ends, undone if it raises."""
        with self.reading() as connection, connection.begin():
            self._start(connection)
            yield connection

    def open(self, steps: Steps) -> None:
        """Take the steps that are missing, all or none. Raises StorageError if the database is ahead of `steps`."""
        with self.writing() as connection:
            self._claim(connection)
            reached, numbers = steps.reached(connection), steps.numbers()
            if reached == numbers[-1]:
                return
            if reached is not None and reached not in numbers:
                raise StorageError(
                    f"{self._name} was written by a newer version of Interview Coach (its tables are at {reached!r}; "
                    f"this version knows them up to {numbers[-1]}). Update Interview Coach; nothing was changed."
                )
            self._prepare(connection, numbers[numbers.index(reached) + 1] if reached else None)
            steps.walk(connection)

    def close(self) -> None:
        self._engine.dispose()

    @abstractmethod
    def _start(self, connection: Connection) -> None:
        """Begin to write."""

    @abstractmethod
    def _claim(self, connection: Connection) -> None:
        """Keep others from taking steps until the transaction ends."""

    @abstractmethod
    def _prepare(self, connection: Connection, step: str | None) -> None:
        """Make ready for `step` and those after it, or for the very first (None)."""

    @abstractmethod
    def wipe(self) -> None:
        """Remove from the disk what was deleted from the tables."""

    @abstractmethod
    def drop_copies(self) -> None:
        """Remove the copies that were made before steps were taken."""

    @abstractmethod
    def _complaint(self, error: Exception) -> str: ...


class SqliteFile(Database):
    """One file, readable and writable by its owner alone, with a write-ahead log beside it while it is open."""

    def __init__(self, file: Path) -> None:
        self._file = file
        url = URL.create("sqlite", database=str(file))
        # isolation_level None: the driver begins no transaction of its own.
        arguments = {"timeout": _WAIT_SECONDS, "isolation_level": None}
        engine = create_engine(url, connect_args=arguments, max_overflow=-1, hide_parameters=True)
        event.listen(engine, "connect", _set_pragmas)
        super().__init__(engine, str(file))

    def open(self, steps: Steps) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._beside("lock"), timeout=_WAIT_SECONDS):
                # Never opened by hand once it is there: to close it would drop the locks SQLite holds on it.
                if not self._file.exists():
                    self._file.touch(mode=0o600, exist_ok=False)
                elif not os.access(self._file, os.W_OK):
                    raise StorageError(self._unusable("it may only be read"))
                super().open(steps)
                # Whoever switches to the write-ahead log must be alone: SQLite does not wait its turn for that.
                with self.reading() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except Timeout as error:
            raise StorageError(self._held("another process is opening it")) from error
        except OSError as error:
            raise StorageError(self._unusable(error.strerror or str(error))) from error

    def _start(self, connection: Connection) -> None:
        # At once, not at the first write: a transaction that read before may not wait for another's write.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _claim(self, connection: Connection) -> None:
        """`_start` keeps everybody else from writing."""

    def _prepare(self, connection: Connection, step: str | None) -> None:
        if step is not None:
            self._copy(self._beside(f"before-{step}"))
        elif inspect(connection).get_table_names():
            raise StorageError(
                f"{self._name} is the database of another program. Move it away, or set COACH_HOME to another folder; "
                "nothing in it was changed."
            )

    def _copy(self, copy: Path) -> None:
        part = Path(f"{copy}.part")
        try:
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            with closing(sqlite3.connect(self._file)) as source, closing(sqlite3.connect(part)) as target:
                source.backup(target)
            part.replace(copy)
        except (OSError, sqlite3.Error) as error:
            part.unlink(missing_ok=True)
            raise StorageError(
                f"{self._name} must be copied before it is brought up to date, and {copy} cannot be written: {error}. "
                "Free some room there; nothing was changed."
            ) from error

    def wipe(self) -> None:
        """Write the file anew and empty the log, so that no page of the old one is left."""
        with self.reading() as connection:
            connection.exec_driver_sql("VACUUM")
            held = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar()
        if held:
            raise StorageError(self._held("it is deleted, but another program still reads the old text"))

    def drop_copies(self) -> None:
        try:
            for copy in self._file.parent.iterdir():
                if copy.name.startswith(f"{self._file.name}.before-"):
                    copy.unlink()
        except OSError as error:
            raise StorageError(f"A copy of the history cannot be deleted: {error}. Delete it by hand.") from error

    def _beside(self, ending: str) -> Path:
        return Path(f"{self._file}.{ending}")

    def _complaint(self, error: Exception) -> str:
        cause = getattr(error, "orig", None)
        reason = _reason(cause or error)
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _BUSY:
            return self._held(reason)
        if code in _DISK:
            return self._unusable(reason)
        return (
            f"{self._name} is damaged, or is no history of Interview Coach: {reason}. "
            "Move it away and a new one is made, or put a good copy in its place; nothing is overwritten."
        )

    def _held(self, reason: str) -> str:
        return f"{self._name} is in use: {reason}. Close other programs that have it open, then try again."

    def _unusable(self, reason: str) -> str:
        return (
            f"The history cannot be kept in {self._name}: {reason}. "
            "Make the file and its folder writable and see that the disk has room, or set COACH_HOME to another folder."
        )


class Server(Database):
    """A PostgreSQL database, through psycopg."""

    def __init__(self, url: URL) -> None:
        self._password = str(url.password or url.query.get("password") or "")
        # Without an encoding of its own, a server that knows none makes the driver give back bytes.
        query = {"connect_timeout": str(_CONNECT_SECONDS), "client_encoding": "utf8", **url.query}
        try:
            engine = create_engine(
                url.set(drivername="postgresql+psycopg", query=query),
                isolation_level="READ COMMITTED",
                pool_pre_ping=True,
                hide_parameters=True,
            )
        except ImportError as error:
            raise StorageError(
                "PostgreSQL needs a driver that is not installed. Run: pip install 'interview-coach[postgres]'"
            ) from error
        super().__init__(engine, f"The history database {url.database or ''!r} on {url.host or 'its server'}")

    def _start(self, connection: Connection) -> None:
        """The driver begins with the first statement."""

    def _claim(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")

    def _prepare(self, connection: Connection, step: str | None) -> None:
        """A server's copies are made by whoever looks after it."""

    def wipe(self) -> None:
        with self.reading() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.exec_driver_sql("VACUUM FULL streams, records")

    def drop_copies(self) -> None:
        """There are none."""

    def _complaint(self, error: Exception) -> str:
        reason = _reason(getattr(error, "orig", None) or error)
        if self._password:
            reason = reason.replace(self._password, "***")
        return f"{self._name} cannot be used: {reason}. Check COACH_HISTORY_URL, or unset it to keep the history in a file."


def database_at(where: Path | str) -> Database:
    """The database at a path, or at a URL: `sqlite:///path` or `postgresql://...`. Raises StorageError."""
    if isinstance(where, Path) or "://" not in where:
        return SqliteFile(Path(where).absolute())
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        url = None
    # An @ in the password that was not written as %40 would put the rest of it into the host, which is shown.
    if url is not None and where.count("@") < 2:
        if url.get_backend_name() == "sqlite" and url.database:
            return SqliteFile(Path(url.database).absolute())
        if url.get_backend_name() in {"postgresql", "postgres"}:
            return Server(url)
    raise StorageError(
        "COACH_HISTORY_URL is not the URL of a database the history can be kept in. "
        "Write postgresql://name:password@host/database (an @ in the password as %40), or unset it."
    )


def _set_pragmas(connection: Any, _record: object) -> None:
    for pragma in _PRAGMAS:
        connection.execute(pragma)


def _reason(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".?")
