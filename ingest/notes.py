"""What a candidate brings along, a note, a job description, a page of the CV, is kept until it is deleted. Knows no index."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePath

from coach.domain import Origin
from coach.errors import BadInput, CoachError, StorageError
from coach.text import clean
from ingest.document import Document
from ingest.folder import Gathered, Skipped, read_document
from ingest.sandbox import Sandbox

MOST_NAME = 120


@dataclass(frozen=True, slots=True)
class Note:
    """`id` follows from the name, so the same name again replaces the note. `suffix` tells its format; `added` is ISO."""

    id: str
    name: str
    suffix: str
    added: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A note that was taken away, to bring it back with `restore`."""

    note: Note
    data: bytes


class Notes:
    """The candidate's own material in a folder: each note as it came, and a line about it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, name: str, content: str | bytes, now: datetime) -> Note:
        """Keep a pasted text, or the bytes of a file called `name`. Raises BadInput if it cannot be read, StorageError."""
        tidy = " ".join(clean(PurePath(name.replace("\\", "/")).name).split())[:MOST_NAME]
        if not tidy:
            raise BadInput("The note has no name. Give it one, for instance: Job description")
        suffix = ".md" if isinstance(content, str) else PurePath(tidy).suffix.lower()
        note = Note(hashlib.sha256(tidy.casefold().encode()).hexdigest()[:16], tidy, suffix, now.isoformat(timespec="seconds"))
        data = content.encode() if isinstance(content, str) else content
        self._keep(note, data)
        return note

    def all(self) -> tuple[Note, ...]:
        """Every note, by name. Raises StorageError."""
        try:
            found = [Note(**json.loads(file.read_text(encoding="utf-8"))) for file in self._folder.glob("*.json")]
        except (OSError, ValueError, TypeError) as error:
            raise StorageError(f"A note in {self._folder} is damaged: {error}. Delete that .json file.") from error
        return tuple(sorted(found, key=lambda note: note.name.casefold()))

    def delete(self, id_: str) -> Deleted | None:
        """What was deleted; None if there is no such note. Raises StorageError."""
        note = next((note for note in self.all() if note.id == id_), None)
        if note is None:
            return None
        try:
            data = self._file(note).read_bytes() if self._file(note).exists() else b""
            (self._folder / f"{note.id}.json").unlink(missing_ok=True)
            self._file(note).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(f"{note.name} cannot be deleted: {error.strerror}. Check COACH_HOME.") from error
        return Deleted(note, data)

    def restore(self, deleted: Deleted) -> None:
        """Have it as it was, unless there is another of its name by now. Raises BadInput, StorageError."""
        if any(note.id == deleted.note.id for note in self.all()):
            raise BadInput(f"There is a new note named {deleted.note.name}. Delete it first, or leave it.")
        self._keep(deleted.note, deleted.data)

    def documents(self) -> Gathered:
        """Every note as a document."""
        read, skipped = [], []
        with Sandbox() as sandbox:
            for note in self.all():
                try:
                    read.append(self._document(note, self._file(note), sandbox))
                except CoachError as error:
                    skipped.append(Skipped(note.name, str(error).removesuffix(".")))
        return Gathered(tuple(read), tuple(skipped))

    def _keep(self, note: Note, data: bytes) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._replace(note, data)
        except OSError as error:
            raise StorageError(f"{self._folder} cannot be written: {error.strerror}. Check COACH_HOME and the disk.") from error

    def _replace(self, note: Note, data: bytes) -> None:
        """Written whole or not at all, and only if it can be read."""
        half = self._folder / f"{note.id}.half{note.suffix}"
        try:
            _write(half, data)
            with Sandbox() as sandbox:
                self._document(note, half, sandbox)
        except CoachError as error:
            half.unlink(missing_ok=True)
            raise BadInput(f"{note.name} {str(error).removesuffix('.')}.") from error
        self.delete(note.id)
        half.replace(self._file(note))
        about = self._folder / f"{note.id}.part"
        _write(about, json.dumps(asdict(note)).encode())
        about.replace(self._folder / f"{note.id}.json")

    def _document(self, note: Note, file: Path, sandbox: Sandbox) -> Document:
        return read_document(file, note.name, note.name, Origin.OWN, sandbox)

    def _file(self, note: Note) -> Path:
        return self._folder / f"{note.id}{note.suffix}"


def _write(file: Path, data: bytes) -> None:
    with file.open("wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
