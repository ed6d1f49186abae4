"""Fetched pages on disk: their bytes by hash, and beside them a record of where each came from. Knows no network.

A plain folder: copy it to another machine and it is there. Killed at any moment, every file is whole or not there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from coach.errors import StorageError
from ingest.fetch.classify import Kind

# Who is believed before the page itself.
API = "arXiv's API"


class State(StrEnum):
    """What is known of a page. A page that moved was fetched from where it is now."""

    UNFETCHED = "not fetched yet"
    FETCHED = "fetched"
    MOVED = "moved"
    DEAD = "dead"
    ROBOTS = "refused by robots"
    LINK = "link only"
    LOGIN = "needs login"
    NO_TEXT = "no text"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one page. `url` stands for all addresses in `cited`; `asked` is the one that had it.

    `read_at` is when its bytes were last known to be these, `checked_at` when it was last asked for, both ISO 8601.
    `sha256` and `size` are of the bytes as they are kept, `raw` what came over the wire. What nobody said is empty.
    """

    url: str
    kind: Kind
    state: State
    checked_at: str
    why: str = ""
    cited: tuple[str, ...] = ()
    again_at: str = ""
    asked: str = ""
    hops: tuple[tuple[str, int], ...] = ()
    final: str = ""
    address: str = ""
    status: int = 0
    read_at: str = ""
    declared: str = ""
    sniffed: str = ""
    charset: str = ""
    etag: str = ""
    modified: str = ""
    raw: int = 0
    size: int = 0
    sha256: str = ""
    robots: str = ""
    robots_sha256: str = ""
    extractor: str = ""
    text_sha256: str = ""
    title: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    published_from: str = ""
    license: str = ""
    language: str = ""
    abstract: str = ""
    words: int = 0
    headings: int = 0
    warnings: tuple[str, ...] = ()
    tried: tuple[str, ...] = ()

    @property
    def by_api(self) -> bool:
        """Whether arXiv said who wrote it and when, which is more certain than what a page says."""
        return self.published_from == API

    @property
    def has_text(self) -> bool:
        return bool(self.sha256 and self.text_sha256)


@cache
def _json() -> TypeAdapter[Record]:
    return TypeAdapter(Record)


class Store:
    """Records in `records/`, bytes in `blobs/`, read text in `texts/`. Raises StorageError, as does every method."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def robots(self) -> Path:
        return self.folder / "robots"

    def record(self, url: str) -> Record | None:
        file = self._record(url)
        return _read(file) if file.is_file() else None

    def records(self) -> Iterator[Record]:
        """Every record, in the order of their addresses."""
        yield from sorted(map(_read, self.folder.glob("records/*.json")), key=lambda record: record.url)

    def keep(self, record: Record) -> None:
        """On disk when this returns. The bytes it speaks of are kept before it."""
        write(self._record(record.url), _json().dump_json(record, indent=1))

    def keep_blob(self, sha256: str, data: bytes) -> None:
        write(self._blob(sha256), data)

    def blob(self, sha256: str) -> bytes:
        file = self._blob(sha256)
        try:
            data = file.read_bytes()
        except OSError as error:
            raise StorageError(f"{file} cannot be read: {error.strerror}. Fetch the page again: coach fetch --refresh") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(f"{file} is damaged. Delete it, then fetch the page again: coach fetch --refresh")
        return data

    def text(self, sha256: str, extractor: str) -> bytes | None:
        """What `extractor` made of these bytes, if it was kept."""
        file = self._text(sha256, extractor)
        return file.read_bytes() if file.is_file() else None

    def keep_text(self, sha256: str, extractor: str, text: bytes) -> None:
        write(self._text(sha256, extractor), text)

    def forget(self, url: str) -> bool:
        """Remove a page and what only it had; whether there was one."""
        file = self._record(url)
        there = file.is_file()
        file.unlink(missing_ok=True)
        self.tidy()
        return there

    def forget_all(self) -> None:
        try:
            for name in ("records", "blobs", "texts", "robots"):
                if (self.folder / name).exists():
                    shutil.rmtree(self.folder / name)
        except OSError as error:
            raise StorageError(f"{self.folder} cannot be emptied: {error.strerror}. Check its permissions.") from error

    def tidy(self) -> None:
        """Remove what no record speaks of: bytes that were replaced, and halves of files."""
        spoken_of = {record.sha256 for record in self.records()}
        for file in self.folder.glob("*/*.part"):
            file.unlink(missing_ok=True)
        for file in [*self.folder.glob("blobs/*"), *self.folder.glob("texts/*")]:
            if file.name.partition("-")[0] not in spoken_of:
                file.unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Held by whoever fetches: two at once would ask a host twice as often. Raises StorageError if another does."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "fetch.lock")
            lock.acquire(timeout=0)
        except Timeout as error:
            raise StorageError(f"Another coach fetch is at work in {self.folder}. Wait for it, or end it.") from error
        except OSError as error:
            raise StorageError(f"{self.folder} cannot be written: {error.strerror}. Check COACH_HOME and the disk.") from error
        try:
            yield
        finally:
            lock.release()

    def _record(self, url: str) -> Path:
        return self.folder / "records" / f"{hashlib.sha256(url.encode()).hexdigest()}.json"

    def _blob(self, sha256: str) -> Path:
        return self.folder / "blobs" / sha256

    def _text(self, sha256: str, extractor: str) -> Path:
        return self.folder / "texts" / f"{sha256}-{extractor}.json"


def write(file: Path, data: bytes) -> None:
    """All of it or nothing, whatever happens meanwhile. Raises StorageError."""
    # Two pages may have the same bytes and arrive at the same moment.
    half = file.with_name(f"{file.name}.{threading.get_ident()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with half.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        half.replace(file)
        _sync(file.parent)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}. Check COACH_HOME and the disk.") from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(file: Path) -> Record:
    try:
        return _json().validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise StorageError(f"{file} cannot be read. Delete it, then fetch again: coach fetch") from error
