"""What can be done with conversations: each verb takes one, keeps what was said on disk, and gives back what came of it.

A question is on disk before it is answered and an answer before it is shown as finished; whoever goes away in between
finds what had been shown.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime

from coach.conversation import Answered, Asked, Conversation, Event, Failed, Stopped, record
from coach.domain import Answer, Manner, Part, Stage
from coach.errors import BadInput, BadMove, CoachError
from coach.ledger import Ledger
from coach.ports import History, Record, Stream
from coach.service import Coach, asked
from coach.text import clean, shortened
from coach.write import TURNS_SHOWN, Stop

CONVERSATION = "conversation"
MAX_NAME = 60
_AROUND = 60


@dataclass(frozen=True, slots=True)
class Mention:
    """A conversation that was searched for and found, with some text around the first of the words; none if in its name."""

    stream: Stream
    around: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A conversation that was deleted, as long as somebody keeps this: `restore` brings it back."""

    id: str
    name: str
    began: datetime
    records: tuple[Record, ...]


@dataclass(frozen=True)
class Conversations:
    """A coach and where what is said with it is kept. `now` is the clock, in the person's time zone.

    `where` says which server a language model is behind, for people to read.
    """

    coach: Coach
    history: History
    ledger: Ledger
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    where: str = ""

    # Talking.

    def new(self) -> Conversation:
        """An empty one. It is on disk once something was asked."""
        return Conversation(self.new_id())

    def ask(
        self, conversation: Conversation, question: str = "", manner: Manner = Manner.PLAIN, stop: Stop | None = None
    ) -> Generator[Stage | Part | Answer]:
        """Stages and text as they come, and last the answer, which is on disk by then.

        Without a question, a manner is about the last one. Closing this keeps what was shown; so does `stop`, from any
        thread, and then the answer comes at once. Raises BadQuestion, BadMove, Conflict, and what stops an answer.
        """
        conversation, asking = self._asking(conversation, question, manner)
        coach, note = self._affordable()
        shown = ""
        try:
            with closing(coach.answering(asking.question, conversation.said, manner, stop)) as steps:
                for step in steps:
                    if isinstance(step, Answer):
                        answer = replace(step, note=f"{note} {step.note}".strip())
                        conversation = self._add(conversation, Answered(self.now(), answer))
                        yield answer
                    else:
                        shown += step.text if isinstance(step, Part) else ""
                        yield step
        except CoachError as error:
            self._end(conversation, Failed(self.now(), str(error)))
            raise
        except BaseException:
            # The reader has gone: closed, interrupted, or stopped by its page.
            self._end(conversation, Stopped(self.now(), shown))
            raise

    def open(self, id_: str) -> Conversation:
        """The conversation as it stands on disk. Raises BadInput if there is none, StorageError."""
        kept = self.history.records(id_)
        name = next((stream.name for stream in self.history.streams(CONVERSATION) if stream.id == id_), None)
        if name is None:
            raise BadInput("There is no such conversation. It may have been deleted; begin another.")
        return Conversation.from_records(id_, name, kept)

    # Keeping.

    def all(self) -> list[Stream]:
        """Every conversation, the one changed last first."""
        return self.history.streams(CONVERSATION)

    def last(self) -> Conversation | None:
        """The one changed last, if there is any."""
        streams = self.all()
        return self.open(streams[0].id) if streams else None

    def find(self, text: str) -> list[Mention]:
        """The conversations in whose name, questions or answers all words of `text` stand, the one changed last first."""
        wanted = clean(text).lower().split()
        found = []
        for stream, records in self.history.everything(CONVERSATION):
            try:
                conversation = Conversation.from_records(stream.id, stream.name, records)
            except CoachError:
                continue
            whole = _whole(conversation)
            if all(word in f"{stream.name}\n{whole}".lower() for word in wanted):
                found.append(Mention(stream, _around(whole, wanted)))
        return sorted(found, key=lambda one: one.stream.changed, reverse=True)

    def rename(self, id_: str, name: str) -> None:
        self.history.rename(id_, _name(name) or "Conversation")

    def delete(self, id_: str) -> Deleted:
        """Delete a conversation. What comes back is all that is left of it. Raises BadInput if there is none."""
        stream = next((stream for stream in self.all() if stream.id == id_), None)
        if stream is None:
            raise BadInput("There is no such conversation. It may have been deleted already.")
        deleted = Deleted(stream.id, stream.name, stream.began, tuple(self.history.records(id_)))
        self.history.delete(id_)
        return deleted

    def restore(self, deleted: Deleted) -> None:
        """Bring back a deleted conversation. Raises Conflict if it is there."""
        self.history.begin(deleted.id, CONVERSATION, deleted.name, deleted.began)
        for number, kept in enumerate(deleted.records):
            self.history.append(deleted.id, number, kept)

    # In the open.

    def leaves(self) -> tuple[str, ...]:
        """What leaves this machine when a question is asked; nothing without a language model."""
        writer = self.coach.writer
        if writer is None:
            return ()
        to = f"to {writer.model.name} at {self.where}" if self.where else f"to {writer.model.name}"
        return (
            f"Your question, as it was searched for, and up to 4 passages of the material found for it ({to}).",
            f"For a follow-up: the last {TURNS_SHOWN} turns of this conversation, their answers shortened ({to}).",
            "Nothing else: no other conversation, no interview, no setting.",
        )

    # Behind the verbs.

    def _asking(self, conversation: Conversation, question: str, manner: Manner) -> tuple[Conversation, Asked]:
        """The conversation with the question in it, on disk."""
        if conversation.full:
            raise BadMove(f"This conversation has {len(conversation.turns)} questions, the most there can be. Begin another.")
        if not question.strip() and conversation.said and manner is not Manner.PLAIN:
            question = conversation.said[-1].searched
        asking = Asked(self.now(), asked(question), manner)
        if not conversation.records:
            conversation = replace(conversation, name=_name(asking.question))
            self.history.begin(conversation.id, CONVERSATION, conversation.name, asking.at)
        return self._add(conversation, asking), asking

    def _affordable(self) -> tuple[Coach, str]:
        """The coach, without its language model once today's limit is reached, and the word that says so."""
        used_up = self.ledger.used_up() if self.coach.writer else ""
        if not used_up:
            return self.coach, ""
        return replace(self.coach, writer=None), f"{used_up} These are the material's own sentences."

    def _add(self, conversation: Conversation, new: Event) -> Conversation:
        """The conversation after an event, which is on disk when this returns. Raises Conflict."""
        self.history.append(conversation.id, conversation.records, record(new))
        return conversation.after(new)

    def _end(self, conversation: Conversation, new: Event) -> None:
        """Keep how a question ended, unless it was answered or somebody else has gone on."""
        turn = conversation.turns[-1]
        if turn.open:
            try:
                self._add(conversation, new)
            except CoachError:
                return


def _name(text: str) -> str:
    return shortened(" ".join(clean(text).split()), MAX_NAME)


def _whole(conversation: Conversation) -> str:
    """Everything that can be read in a conversation."""
    parts = []
    for turn in conversation.turns:
        parts += [turn.asked.question, turn.partial, turn.answer.text if turn.answer else ""]
    return "\n".join(part for part in parts if part)


def _around(whole: str, wanted: list[str]) -> str:
    """Some text on both sides of the first word that is found."""
    at = min((place for word in wanted if (place := whole.lower().find(word)) >= 0), default=-1)
    if at < 0:
        return ""
    start, end = max(0, at - _AROUND), at + _AROUND
    return f"{'…' if start else ''}{' '.join(whole[start:end].split())}{'…' if end < len(whole) else ''}"
