"""Lines of JSON become cases. Field names are ragas's, so that the files load there and theirs load here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coach.domain import Question
from coach.errors import BadInput

FOLDER = Path(__file__).with_name("cases")
Shape = TypeVar("Shape", bound=BaseModel)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    user_input: str = Field(min_length=1)
    reference_context_ids: list[str] = []
    kind: str = "question"


@dataclass(frozen=True, slots=True)
class RetrievalCase:
    """A question and the ids of the bank questions that answer it; none means it cannot be answered.

    `family` is the bank question or topic it was written for: cases of one family stand or fall together.
    """

    id: str
    user_input: str
    relevant: tuple[str, ...]
    kind: str

    @property
    def answerable(self) -> bool:
        return bool(self.relevant)

    @property
    def family(self) -> str:
        return self.relevant[0] if self.relevant else self.id

    @property
    def held_back(self) -> bool:
        """Half of the families: never used to fit anything."""
        return hashlib.sha256(self.family.encode()).digest()[0] % 2 == 1


def load_retrieval(*files: Path) -> list[RetrievalCase]:
    """The cases of some files. Raises BadInput with file:line for a line that is not one, or an id used twice."""
    cases: list[RetrievalCase] = []
    seen: dict[str, str] = {}
    for file in files:
        for number, text in lines(file):
            where = f"{file.name}:{number}"
            line = parsed(_Line, text, where)
            if line.id in seen:
                raise BadInput(f"{where}: the id {line.id!r} is already used at {seen[line.id]}. Give it another.")
            seen[line.id] = where
            cases.append(RetrievalCase(line.id, line.user_input, tuple(line.reference_context_ids), line.kind))
    return cases


def verbatim(questions: Iterable[Question], every: int = 4) -> list[RetrievalCase]:
    """Every so many-th question of the bank, asked word for word."""
    chosen = list(questions)[::every]
    return [RetrievalCase(f"verbatim-{q.id}", q.prompt, (q.id,), "verbatim") for q in chosen]


def digest(cases: Iterable[RetrievalCase]) -> str:
    """A hash over what the cases ask and expect; numbers over other cases are not to be compared."""
    whole = [[case.id, case.user_input, list(case.relevant), case.kind] for case in cases]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def parsed(shape: type[Shape], text: str, where: str, cure: str = "Write one JSON object a line.") -> Shape:
    """A line as an object of that shape. Raises BadInput saying `where`, what is wrong, and the `cure`."""
    try:
        return shape.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise BadInput(f"{where}: {'.'.join(map(str, problem['loc']))} {problem['msg']}. {cure}") from error


def lines(file: Path) -> list[tuple[int, str]]:
    """The lines of a file that are not blank, with their numbers. Raises BadInput if it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}. Give the path of a JSONL file.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8 text. Give the path of a JSONL file.") from error
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
