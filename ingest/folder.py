"""Files and folders become documents. What cannot be read is skipped with the reason, and the others are read all the same."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from coach.domain import Origin
from coach.errors import CoachError, ExtractError
from ingest.document import Document
from ingest.formats.decode import Unreadable, decoded, read_bytes
from ingest.markdown import document_of
from ingest.sandbox import Job, Sandbox

TEXTS = frozenset([".md", ".markdown", ".mdown", ".txt", ".text"])
# What only a parser can read, and so is read where it can do no harm.
PARSED = {".html": "html", ".htm": "html", ".pdf": "pdf", ".ipynb": "notebook"}
SUFFIXES = TEXTS | PARSED.keys()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that was left out, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}."


@dataclass(frozen=True, slots=True)
class Gathered:
    """The documents of some source, and what was left out."""

    documents: tuple[Document, ...] = ()
    skipped: tuple[Skipped, ...] = ()


def read_document(path: Path, source: str, title: str, origin: Origin, sandbox: Sandbox) -> Document:
    """A file as a document; `title` is used where it has none of its own.

    Raises CoachError with the reason alone, without the file's name.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise Unreadable(f"is of no kind that is read; those are {', '.join(sorted(SUFFIXES))}")
    if path.suffix.lower() in PARSED:
        document = _parsed(path, Job(PARSED[path.suffix.lower()], source, title, origin), sandbox)
    else:
        document = document_of(decoded(read_bytes(path)), source, title, origin)
    if not document.sections:
        raise Unreadable("has no words in it")
    return document


def read_documents(path: Path, origin: Origin = Origin.DOCUMENT) -> Gathered:
    """A file, or every file in a folder and the folders in it, called by their names from that folder on."""
    root = path.resolve()
    with Sandbox() as sandbox:
        if not path.is_dir():
            return together([_read(path, path.name, path, origin, sandbox)])
        return together(
            _read(file, f"{root.name}/{file.relative_to(path).as_posix()}", root, origin, sandbox) for file in _files(path)
        )


def together(parts: Iterable[Gathered]) -> Gathered:
    """All parts as one. Of two documents of one origin and name the first is taken: their passages could not be told apart."""
    documents: dict[tuple[Origin, str], Document] = {}
    skipped: list[Skipped] = []
    for part in parts:
        for document in part.documents:
            name = document.origin, document.source
            if name in documents:
                skipped.append(Skipped(document.source, "there is another document of that name. Rename one of them"))
            documents.setdefault(name, document)
        skipped.extend(part.skipped)
    return Gathered(tuple(documents.values()), tuple(skipped))


def _read(file: Path, source: str, root: Path, origin: Origin, sandbox: Sandbox) -> Gathered:
    try:
        if file.is_dir():
            raise Unreadable(f"cannot be looked into: {_trouble(file)}")
        if root.is_dir() and not file.resolve().is_relative_to(root):
            raise Unreadable("is a link out of the folder. Copy the file, or name it itself")
        return Gathered((read_document(file, source, file.stem, origin, sandbox),))
    except CoachError as error:
        return Gathered(skipped=(Skipped(str(file), str(error).rstrip(".")),))


def _parsed(path: Path, job: Job, sandbox: Sandbox) -> Document:
    try:
        document = sandbox.read(job, read_bytes(path))
    except ExtractError as error:
        raise Unreadable(f"cannot be read: {error}") from error
    return replace(document, origin=job.origin)


def _files(folder: Path) -> Iterator[Path]:
    """Every file in order, and every folder that cannot be looked into. What begins with a dot is nobody's material."""
    unreadable: list[str] = []
    for where, folders, files in os.walk(folder, onerror=lambda error: unreadable.append(error.filename)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        linked = [name for name in folders if (Path(where) / name).is_symlink()]
        yield from (Path(where) / name for name in sorted([*files, *linked]) if not name.startswith("."))
    yield from map(Path, unreadable)


def _trouble(folder: Path) -> str:
    if folder.is_symlink():
        return "it is a link. Name the folder it leads to"
    return "no permission. Check who may read it"
