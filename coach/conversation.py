"""What was said becomes a conversation: records in, the state out. Knows no disk, no clock and no search.

A question is a record of its own, on disk before it is answered, so a conversation may end with one that nothing came
of yet. `Stopped` keeps what had been shown when a person went away or a process ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from coach.domain import Answer, AnswerKind, Manner
from coach.ports import Record
from coach.records import Kept
from coach.resolve import Said

MAX_TURNS = 200


@dataclass(frozen=True, slots=True)
class Asked:
    at: datetime
    question: str
    manner: Manner = Manner.PLAIN
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class Answered:
    at: datetime
    answer: Answer
    kind: Literal["answered"] = "answered"


@dataclass(frozen=True, slots=True)
class Stopped:
    """The text that had been shown when nobody waited for the rest any more."""

    at: datetime
    text: str
    kind: Literal["partial"] = "partial"


@dataclass(frozen=True, slots=True)
class Failed:
    at: datetime
    why: str
    kind: Literal["failed"] = "failed"


Event = Asked | Answered | Stopped | Failed
_CONVERSATION: Kept[Event] = Kept(TypeAdapter(Annotated[Event, Field(discriminator="kind")]), "a conversation", "conversation")
record = _CONVERSATION.record
event = _CONVERSATION.event


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it: an answer, a text that was stopped, or the reason why there is none. Maybe nothing.

    `seconds` is how long the answer took, everything included.
    """

    asked: Asked
    answer: Answer | None = None
    partial: str = ""
    trouble: str = ""
    seconds: float = 0.0

    @property
    def open(self) -> bool:
        """Whether nothing has come of it, for instance because the process ended."""
        return self.answer is None and not self.partial and not self.trouble

    @property
    def whole(self) -> bool:
        """Whether it was answered to the end, so that there is no reason to ask again."""
        return self.answer is not None and not self.answer.stopped

    def again(self, asked: Asked) -> bool:
        """Whether this question is asked once more, and nothing that came of it would be lost."""
        same = (asked.question, asked.manner) == (self.asked.question, self.asked.manner)
        return same and self.answer is None and not self.partial


@dataclass(frozen=True, slots=True)
class Conversation:
    """The fold of a stream's records. `records` is the number of the next one; one without any is not on disk yet."""

    id: str
    name: str = ""
    turns: tuple[Turn, ...] = ()
    records: int = 0

    @classmethod
    def from_records(cls, id_: str, name: str, kept: Iterable[Record]) -> Conversation:
        """Raises StorageError if a record is none of ours."""
        conversation = cls(id_, name)
        for one in kept:
            conversation = conversation.after(event(one))
        return conversation

    def after(self, new: Event) -> Conversation:
        """The conversation after an event. What comes of no question is left out.

        Asking again what got nothing but trouble takes the place of that turn.
        """
        turns = self.turns
        if isinstance(new, Asked):
            before = turns[:-1] if turns and turns[-1].again(new) else turns
            turns = (*before, Turn(new))
        elif turns:
            last = turns[-1]
            if isinstance(new, Answered):
                last = replace(last, answer=new.answer, seconds=(new.at - last.asked.at).total_seconds())
            elif isinstance(new, Stopped):
                last = replace(last, partial=new.text)
            else:
                last = replace(last, trouble=new.why)
            turns = (*turns[:-1], last)
        return replace(self, turns=turns, records=self.records + 1)

    @property
    def full(self) -> bool:
        return len(self.turns) >= MAX_TURNS

    @property
    def said(self) -> tuple[Said, ...]:
        """What a follow-up may point at: the turns that were answered. A refusal says nothing, but its question counts."""
        return tuple(
            Said(
                turn.answer.question,
                turn.answer.searched or turn.answer.question,
                "" if turn.answer.kind is AnswerKind.REFUSED else turn.answer.text,
            )
            for turn in self.turns
            if turn.answer
        )
