"""Reviewed decisions about lines that a layout alone cannot settle: a small file of hashes, no text."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coach.errors import BadInput

SUFFIX = ".overrides.json"
_SHIPPED = Path(__file__).parent / "overrides"


class Role(StrEnum):
    """What a line is said to be."""

    QUESTION = "question"
    HINT = "hint"
    ANSWER = "answer"
    SECTION = "section"
    SKIP = "skip"


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    line: int = Field(ge=1)
    sha256: str = Field(pattern="^[0-9a-f]{16,64}$")
    role: Role = Field(alias="is")


class _Overrides(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reviewed: str = ""
    about: str = ""
    lines: tuple[_Decision, ...]


def line_digest(text: str) -> str:
    """What stands for a line in an override file, whatever its blanks: the first 16 digits are enough."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def overrides_for(bank: Path, given: Path | None = None) -> dict[str, Role]:
    """What is decided, by line digest: by the package, then by a file beside the bank, then by `given`. Raises BadInput."""
    beside = bank.with_name(bank.name + SUFFIX)
    return {**_shipped(), **(read_overrides(beside) if beside.is_file() else {}), **(read_overrides(given) if given else {})}


@cache
def _shipped() -> dict[str, Role]:
    return {digest: role for file in sorted(_SHIPPED.glob("*.json")) for digest, role in read_overrides(file).items()}


def read_overrides(file: Path) -> dict[str, Role]:
    """What one file decides, by line digest. Raises BadInput."""
    try:
        read = _Overrides.model_validate_json(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}. Check the path given to --overrides.") from error
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise BadInput(f"{file}: {where or 'the file'}: {wrong['msg']}. The format is in docs/formats.md.") from error
    return {decision.sha256[:16]: decision.role for decision in read.lines}
