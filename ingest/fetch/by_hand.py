"""A folder fills the store without a network: the store of another machine, or pages somebody saved from a browser."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from coach.errors import StorageError
from ingest.fetch.classify import plan_of
from ingest.fetch.documents import with_text
from ingest.fetch.state import Wanted
from ingest.fetch.store import Record, State, Store
from ingest.folder import Skipped
from ingest.sandbox import Sandbox

ADDRESSES = "addresses.tsv"
_KINDS: Final = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".md": "markdown",
    ".txt": "markdown",
    ".ipynb": "notebook",
}
_MOST_BYTES = 25_000_000
# Where a browser, or the page itself, says from where it was saved.
_SAVED_FROM = (
    re.compile(rb"saved from url=\(\d+\)(https?://[^\s>]+)"),
    re.compile(rb"Page saved with SingleFile\s+url:\s*(https?://\S+)"),
    re.compile(rb"<link[^>]{0,200}rel=[\"']?canonical[\"']?[^>]{0,200}href=[\"'](https?://[^\"']+)", re.IGNORECASE),
    re.compile(rb"<meta[^>]{0,200}property=[\"']og:url[\"'][^>]{0,200}content=[\"'](https?://[^\"']+)", re.IGNORECASE),
)
_ARXIV_NAME = re.compile(r"(\d{4}\.\d{4,5})(?:v\d+)?")
_LOOKED_AT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Filled:
    """The addresses of what was taken, and the files that were not."""

    taken: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def filled(store: Store, folder: Path, wanted: Sequence[Wanted], now: datetime) -> Filled:
    """Take what is in `folder` of what is wanted. Raises StorageError.

    A file's address is what `addresses.tsv` beside it says (name, tab, address), else what the page says itself, else an
    arXiv id in its name.
    """
    if not folder.is_dir():
        raise StorageError(f"{folder} is no folder. Give one with saved pages, or with the pages of another machine.")
    with store.alone(), Sandbox() as sandbox:
        if (folder / "records").is_dir():
            return _merged(store, Store(folder))
        return _saved(store, folder, {page.plan.url: page for page in wanted}, now, sandbox)


def _merged(store: Store, other: Store) -> Filled:
    """What the other store has read later than this one, or this one has not at all."""
    taken, skipped = [], []
    for record in other.records():
        ours = store.record(record.url)
        if ours and ours.checked_at >= record.checked_at:
            continue
        try:
            if record.sha256:
                store.keep_blob(record.sha256, other.blob(record.sha256))
            store.keep(record)
            taken.append(record.url)
        except StorageError as error:
            skipped.append(Skipped(record.url, str(error).rstrip(".")))
    return Filled(tuple(taken), tuple(skipped))


def _saved(store: Store, folder: Path, wanted: Mapping[str, Wanted], now: datetime, sandbox: Sandbox) -> Filled:
    named = _addresses(folder / ADDRESSES)
    taken: list[str] = []
    skipped: list[Skipped] = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ADDRESSES):
        kind = _KINDS.get(file.suffix.lower())
        if kind is None or file.is_symlink() or file.stat().st_size > _MOST_BYTES:
            # A saved page brings its pictures and styles along in a folder; nobody wants to hear of them.
            if "_files" not in file.parent.name:
                skipped.append(Skipped(file.name, "is of no kind that is read, too large, or a link"))
            continue
        data = file.read_bytes()
        page = wanted.get(plan_of(named.get(file.name) or _address(file.name, data)).url)
        if page is None:
            why = f"nothing says that it is a page the bank cites. Name its address in {ADDRESSES}: name, tab, address"
            skipped.append(Skipped(file.name, why))
            continue
        record = _record(page, data, kind, datetime.fromtimestamp(file.stat().st_mtime, UTC), now)
        store.keep_blob(record.sha256, data)
        record = with_text(record, store, sandbox)
        store.keep(record)
        taken.append(record.url)
    return Filled(tuple(taken), tuple(skipped))


def _record(page: Wanted, data: bytes, kind: str, saved: datetime, now: datetime) -> Record:
    """A saved page is as old as its file, and is not asked for until a refresh is wished."""
    record = Record(page.plan.url, page.plan.kind, State.FETCHED, now.isoformat(timespec="seconds"), title=page.title)
    return replace(
        record,
        cited=page.cited,
        again_at=datetime.max.replace(tzinfo=UTC).isoformat(timespec="seconds"),
        asked=page.plan.url,
        final=page.plan.url,
        read_at=saved.isoformat(timespec="seconds"),
        sniffed=kind,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        robots="not asked: filled by hand",
    )


def _addresses(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8-sig", errors="replace").splitlines())
    return {row[0].strip(): row[1].strip() for row in rows if len(row) > 1}


def _address(name: str, data: bytes) -> str:
    """What a file says of where it is from, or nothing."""
    for pattern in _SAVED_FROM:
        found = pattern.search(data[:_LOOKED_AT])
        if found:
            return found.group(1).decode("utf-8", errors="replace").replace("&amp;", "&")
    paper = _ARXIV_NAME.match(name)
    return f"https://arxiv.org/abs/{paper.group(1)}" if paper else ""
