"""Fetched bytes become documents, read once by each version of the extractor and kept. Knows no network."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache

from pydantic import TypeAdapter, ValidationError

from coach.domain import Origin
from coach.errors import ExtractError, NeedsLogin
from coach.settings import Settings
from coach.text import words
from ingest.document import Document
from ingest.fetch.store import Record, State, Store
from ingest.folder import Gathered, Skipped
from ingest.sandbox import Job, Sandbox


@cache
def extractor() -> str:
    """The name and version of what reads pages now."""
    from ingest.extract import VERSION

    return f"extract{VERSION}"


@cache
def _json() -> TypeAdapter[Document]:
    return TypeAdapter(Document)


def documents(store: Store) -> Iterator[Document]:
    """Every fetched page that has text; nothing is fetched, and only what no extractor of this version has read is read."""
    with Sandbox() as sandbox:
        for kept in store.records():
            record = with_text(kept, store, sandbox) if _unread(kept) else kept
            if record is not kept:
                store.keep(record)
            if record.has_text:
                with suppress(ExtractError):
                    yield document_of(record, store, sandbox)


def fetched(settings: Settings) -> Gathered:
    """The pages the bank cites, as far as they were fetched: a place of the library."""
    store = Store(settings.pages_folder)
    skipped = (Skipped(record.url, record.why.rstrip(".")) for record in store.records() if record.state is State.NO_TEXT)
    return Gathered(tuple(documents(store)), tuple(skipped))


def document_of(record: Record, store: Store, sandbox: Sandbox) -> Document:
    """A page's text. Raises ExtractError, StorageError."""
    kept = store.text(record.sha256, extractor())
    if kept is not None:
        with suppress(ValidationError):
            return _of(record, _json().validate_json(kept))
    job = Job(record.sniffed, record.final or record.url, record.title or record.url, Origin.PAGE, record.charset)
    document = sandbox.read(job, store.blob(record.sha256))
    store.keep_text(record.sha256, extractor(), _json().dump_json(document))
    return _of(record, document)


def _unread(record: Record) -> bool:
    """Whether there are bytes that this version of the extractor has not read; what a login page answered is not the page's."""
    return bool(record.sha256) and record.status in {0, 200, 304} and record.extractor != extractor()


def with_text(record: Record, store: Store, sandbox: Sandbox) -> Record:
    """The record with what its text turned out to be, or with the reason why there is none."""
    record = replace(record, extractor=extractor(), text_sha256="", words=0, headings=0)
    try:
        document = document_of(record, store, sandbox)
    except ExtractError as error:
        return replace(record, state=State.LOGIN if isinstance(error, NeedsLogin) else State.NO_TEXT, why=str(error))
    readable = record.state not in {State.NO_TEXT, State.LOGIN}
    return replace(
        record,
        state=record.state if record.state is State.MOVED else State.FETCHED,
        why=record.why if readable else "",
        text_sha256=hashlib.sha256(_json().dump_json(document)).hexdigest(),
        title=record.title or document.title,
        authors=record.authors if record.by_api else document.authors,
        published=record.published if record.by_api else document.published,
        published_from=record.published_from if record.by_api else "the page" if document.published else "",
        language=document.language,
        license=document.license,
        words=sum(len(words(section.text)) for section in document.sections),
        headings=len({section.path for section in document.sections if section.path}),
        warnings=document.warnings,
    )


def _of(record: Record, document: Document) -> Document:
    """The document as this record knows it: under the address the bank cites, with the day it was read."""
    nameless = document.title in {record.final, record.asked, record.url}
    return replace(
        document,
        source=record.url,
        title=record.title if record.title and (nameless or record.by_api) else document.title,
        as_of=record.read_at[:10],
        authors=record.authors if record.by_api else document.authors,
        published=record.published if record.by_api else document.published,
    )
