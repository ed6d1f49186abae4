"""Scored cases become lines of a file as they come, so that a run that was stopped goes on where it stopped.

The first line says what is measured and how; a file of anything else is not continued. A line torn by a kill is cut off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pydantic import TypeAdapter, ValidationError

from coach.errors import BadInput, StorageError
from eval.metrics import Score
from eval.suite import Case, Scored


@dataclass(frozen=True, slots=True)
class Kept:
    """A case with what it came to. With an `error` no metric of the case could be measured."""

    suite: str
    id: str
    family: str
    text: str
    digest: str
    tags: Mapping[str, str] = field(default_factory=dict)
    must: bool = False
    scores: Mapping[str, Score] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    evidence: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    error: str = ""


_KEPT = TypeAdapter(Kept)


def kept(suite: str, case: Case, scored: Scored, error: str = "") -> Kept:
    return Kept(
        suite,
        case.id,
        case.family,
        case.text,
        case.digest,
        dict(case.tags),
        case.must,
        dict(scored.scores),
        dict(scored.numbers),
        dict(scored.evidence),
        dict(scored.counts),
        {stage: round(took, 6) for stage, took in scored.seconds.items()},
        error,
    )


class Journal:
    """`done` holds what the file held when it was opened, and what was added since, by suite and case."""

    def __init__(self, file: IO[str], done: dict[tuple[str, str], Kept]) -> None:
        self._file = file
        self.done = done

    @classmethod
    def open(cls, path: Path, measured: Mapping[str, object]) -> Journal:
        """A new file, or the one at `path` if it is about the same. Raises BadInput if it is not, StorageError."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = _whole_lines(path)
            if not lines:
                path.write_text(_line(measured), encoding="utf-8")
            elif json.loads(lines[0]) != json.loads(_line(measured)):
                raise BadInput(
                    f"{path.parent} holds a run of other cases, other code or another model, which cannot be continued. "
                    "Choose another folder with --out, or delete this one."
                )
            done = {(row.suite, row.id): row for row in map(_parsed, lines[1:])}
            return cls(path.open("a", encoding="utf-8"), done)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error.strerror}. Choose another folder with --out.") from error
        except ValueError as error:
            raise BadInput(f"{path} is no record of a run ({error}). Choose another folder with --out.") from error

    def add(self, row: Kept) -> None:
        """With the operating system when this returns: a kill of this process loses nothing."""
        self._file.write(_KEPT.dump_json(row).decode() + "\n")
        self._file.flush()
        self.done[row.suite, row.id] = row

    def close(self) -> None:
        self._file.close()


def measured_in(path: Path) -> Mapping[str, object] | None:
    """What the first line of a journal says; None if there is no whole one."""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
        found = json.loads(first) if first.endswith("\n") else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _whole_lines(path: Path) -> list[str]:
    """The lines of a file, the last one cut off, on disk too, if it was torn."""
    if not path.exists():
        return []
    whole, newline, torn = path.read_bytes().rpartition(b"\n")
    if torn:
        with path.open("r+b") as file:
            file.truncate(len(whole + newline))
    return whole.decode("utf-8").split("\n") if whole else []


def _line(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n"


def _parsed(line: str) -> Kept:
    try:
        return _KEPT.validate_json(line)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error
