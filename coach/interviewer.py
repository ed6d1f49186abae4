"""What an interviewer can do. Each verb takes what was decided, keeps it on disk, and gives back the interview after it.

A reply is on disk before it is graded and a grade before it is shown, so that whatever happens in between, taking the
interview up again goes on exactly there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from coach.choose import fitting, next_question
from coach.domain import Grade, Question, Taught, Topic, Verdict
from coach.errors import BadInput, BadMove
from coach.examiner import Examiner
from coach.feedback import Feedback, feedback
from coach.hint import Cues, follow_up, ladder, most_valuable
from coach.interview import (
    MAX_MINUTES,
    MAX_QUESTIONS,
    SECONDS_BY_LEVEL,
    Asked,
    Began,
    Disputed,
    Ended,
    Event,
    Graded,
    Hinted,
    Interview,
    Kind,
    Paused,
    Replied,
    Resumed,
    Setup,
    Skipped,
    Step,
    Turn,
)
from coach.past import INTERVIEW, Past, Reader
from coach.ports import History, Record, Stream
from coach.records import MOST, event, record
from coach.schedule import Plan, Review, Schedule, plan
from coach.text import clean, find_quote

PROFILE = "profile"
DRAFT = "draft"
# Everything an interviewer keeps.
KINDS = (INTERVIEW, PROFILE, DRAFT)
MAX_REPLY = 100_000
MAX_SECONDS = 3600
PER_DAY = 10
# How often a sign of life is kept.
BEAT = timedelta(seconds=15)


@dataclass(frozen=True)
class Interviewer:
    """A bank, what grades, and where everything is kept. `now` is the clock, in the candidate's time zone."""

    topics: tuple[Topic, ...]
    examiner: Examiner
    cues: Cues
    history: History
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    @cached_property
    def questions(self) -> dict[str, Question]:
        return {question.id: question for topic in self.topics for question in topic.questions}

    # Interviews.

    def begin(self, setup: Setup) -> Interview:
        """A new interview with its first question asked. Raises BadInput if nothing fits the setup."""
        setup = self.checked(setup)
        id_, at = self.new_id(), self.now()
        began = Began(at, setup)
        self.history.begin(id_, INTERVIEW, self._name(setup), at)
        self.history.append(id_, 0, record(began))
        return self.go_on(Interview.from_events(id_, (began,)))

    def practice(self, ids: Sequence[str]) -> Interview:
        """A practice of these questions in their order: the one that is open, or a new one. Raises BadInput, StorageError."""
        for id_ in ids:
            self.known(id_)
        only = tuple(ids)[:MAX_QUESTIONS]
        open_ = next((one for _stream, one in self.unfinished() if one.setup.only == only and not one.setup.real), None)
        return self.arrive(open_.id) if open_ else self.begin(Setup(questions=len(only), only=only))

    def sitting(self) -> Interview | None:
        """The practice of several chosen questions that was begun today and is not over, the newest."""
        today = self.now().date()
        begun = (one for _stream, one in self.unfinished() if one.began.astimezone(self.now().tzinfo).date() == today)
        return next((one for one in begun if len(one.setup.only) > 1 and not one.setup.real), None)

    def checked(self, setup: Setup) -> Setup:
        """The setup, if an interview can be held with it. Raises BadInput saying what to change."""
        unknown = [topic for topic in setup.topics if topic not in {known.id for known in self.topics}]
        if unknown:
            raise BadInput(f"There is no topic {unknown[0]!r}. The topics are: {', '.join(topic.id for topic in self.topics)}.")
        if setup.questions is None and setup.minutes is None:
            raise BadInput("An interview needs an end. Set a number of questions, or minutes.")
        if setup.questions is not None and not 1 <= setup.questions <= MAX_QUESTIONS:
            raise BadInput(f"An interview of {setup.questions} questions cannot be held. Choose 1 to {MAX_QUESTIONS}.")
        if setup.minutes is not None and not 1 <= setup.minutes <= MAX_MINUTES:
            raise BadInput(f"An interview of {setup.minutes} minutes cannot be held. Choose 1 to {MAX_MINUTES}.")
        if setup.seconds is not None and not 1 <= setup.seconds <= MAX_SECONDS:
            raise BadInput(f"A clock of {setup.seconds} seconds cannot be set. Choose 1 to {MAX_SECONDS:,}.")
        if not fitting(list(self.questions.values()), setup):
            raise BadInput("No question of the bank has these topics and this level. Choose more topics, or any level.")
        return setup

    def open(self, id_: str) -> Interview:
        """The interview as it stands on disk. Raises BadInput if there is none, StorageError."""
        kept = self.history.records(id_)
        if not kept:
            raise BadInput(f"There is no interview {id_!r}. It may have been deleted; begin another.")
        return Interview.from_events(id_, tuple(event(one) for one in kept))

    def arrive(self, id_: str) -> Interview:
        """The same for a candidate who is there to go on with it. Raises BadInput, StorageError, Conflict.

        If they had left without a word, no clock has run since: practice goes on, a real interview is paused until they
        are ready.
        """
        interview = self.open(id_)
        gone = interview.left(self._seen(interview), self.now())
        if gone is None:
            return interview
        paused = self._add(interview, Paused(gone))
        return paused if interview.setup.real else self.resume(paused)

    def here(self, interview: Interview) -> bool:
        """Keep that the candidate is there. False, keeping nothing, if they had left: `arrive` again. Raises StorageError."""
        now = self.now()
        if interview.left(self._seen(interview), now):
            return False
        if now - max(self._seen(interview), interview.last) >= BEAT:
            self._note(interview, Record("here", now, {}))
        return True

    def interviews(self) -> list[tuple[Stream, Interview]]:
        """All of them, the newest first. One that cannot be read is left out."""
        return list(reversed(self.past().sessions))

    def unfinished(self) -> list[tuple[Stream, Interview]]:
        """Those that can be taken up again: that go on, or wait for grades."""
        return [(stream, interview) for stream, interview in self.interviews() if interview.step is not Step.OVER]

    def go_on(self, interview: Interview) -> Interview:
        """Do what the interviewer owes: grade what is ungraded, then ask, or end when the setup is fulfilled."""
        if interview.step is Step.GRADE:
            for number in interview.ungraded:
                interview = self._graded(interview, number)
            return interview
        if interview.step is Step.ASK:
            return self._asked_next(interview)
        return interview

    def next(self, interview: Interview) -> Interview:
        """The next question, after the feedback on the last one was read."""
        if interview.step is Step.READ:
            return self._asked_next(interview)
        return self.go_on(interview)

    def reply(self, interview: Interview, text: str, rating: int | None = None) -> Interview:
        """Keep a reply; `go_on` grades it. Raises BadInput for an empty or an overlong one, with nothing lost."""
        text = clean(text).strip()
        if not text:
            raise BadInput("The answer is empty. Type one, or skip the question.")
        if len(text) > MAX_REPLY:
            raise BadInput(f"The answer has {len(text):,} characters; {MAX_REPLY:,} is the most. Shorten it.")
        if rating is not None and not 0 <= rating <= MOST:
            raise BadInput(f"An answer cannot be rated {rating}. Choose 0 to {MOST}.")
        return self._add(interview, Replied(self.now(), text, rating))

    def draft(self, interview: Interview) -> str:
        """What was typed for the open question and not submitted, as last kept."""
        typed = [kept for kept in self.history.records(_draft_of(interview.id)) if kept.kind == "typed"]
        data = typed[-1].data if typed else {}
        return str(data.get("text", "")) if data.get("turn") == len(interview.turns) else ""

    def keep_draft(self, interview: Interview, text: str) -> None:
        """Keep what is typed so far, so that it outlives the window. Raises StorageError, Conflict."""
        text = text[:MAX_REPLY]
        if text == self.draft(interview):
            return
        self._note(interview, Record("typed", self.now(), {"turn": len(interview.turns), "text": text}))

    def hint(self, interview: Interview, draft: str = "") -> Interview:
        """One more hint, towards what the draft has not said yet."""
        turn = self._open_turn(interview)
        steps = self.hints(interview, draft)
        if len(turn.hints) >= len(steps):
            raise BadMove("There are no more hints for this question. Answer it, or skip it.")
        return self._add(interview, Hinted(self.now(), steps[len(turn.hints)]))

    def hints(self, interview: Interview, draft: str = "") -> tuple[str, ...]:
        """The whole ladder, without taking a hint. None for a draft that makes every point."""
        turn = self._open_turn(interview)
        question = self.graded_question(turn)
        said = self.examiner.quick(question, draft).verdicts if draft.strip() else ()
        left = [number for number, verdict in enumerate(said) if verdict.verdict is not Verdict.COVERED]
        return ladder(question, self.cues, f"{question.prompt} {turn.asked.prompt}", left) if left or not said else ()

    def follow_up(self, interview: Interview) -> Interview:
        """Ask about the most valuable point that was missed or wrong. Raises BadMove if there is none."""
        turn = self._read_turn(interview)
        number = self._left(turn)
        if number is None or turn.grade is None:
            raise BadMove("Nothing is left to follow up. Go on to the next question.")
        question = self.question(turn)
        prompt = follow_up(turn.grade, number, question, self.cues, interview.setup.style)
        return self._ask(interview, question, prompt, Kind.FOLLOW_UP, number)

    def can_follow_up(self, interview: Interview) -> bool:
        """Whether the last turn leaves a point to ask about; one follow-up a question is enough."""
        turn = interview.turn
        return interview.step is Step.READ and turn is not None and self._left(turn) is not None

    def again(self, interview: Interview) -> Interview:
        """Ask the same once more."""
        turn = self._read_turn(interview)
        return self._ask(interview, self.question(turn), turn.asked.prompt, Kind.AGAIN, turn.asked.point)

    def skip(self, interview: Interview) -> Interview:
        return self.go_on(self._add(interview, Skipped(self.now())))

    def pause(self, interview: Interview) -> Interview:
        return self._add(interview, Paused(self.now()))

    def resume(self, interview: Interview) -> Interview:
        return self.go_on(self._add(interview, Resumed(self.now())))

    def end(self, interview: Interview) -> Interview:
        """End it, early or not, and grade what is not graded yet."""
        return self.go_on(self._add(interview, Ended(self.now())))

    def dispute(self, interview: Interview, number: int, point: int, said: str) -> Interview:
        """ "I did say that": judge one point again by the words of the reply the candidate marks; both grades stay.

        Raises BadInput if those are not words of the reply.
        """
        turn, reply = _replied(interview, number)
        if turn.grade is None or not 0 <= point < len(turn.grade.verdicts):
            raise BadMove("There is no such grade to dispute. Choose a point of an answer that was graded.")
        self.question(turn)
        span = find_quote(clean(said), reply.text)
        if span is None:
            raise BadInput("These words are not in your answer. Copy them from it, letter by letter.")
        if number in interview.ungraded:
            interview = self._graded(interview, number)
        disputed = self._add(interview, Disputed(self.now(), number, point, reply.text[slice(*span)]))
        return self._graded(disputed, number)

    def regrade(self, interview: Interview, number: int) -> Interview:
        """Grade a reply with the grader of today, disputes included; the old grades stay beside it."""
        return self._graded(interview, number)

    def outdated(self, interview: Interview) -> tuple[int, ...]:
        """The turns whose last grade is not one today's grader would give with today's material."""
        found = []
        for number, turn in enumerate(interview.turns):
            stamp = turn.grade.stamp if turn.grade else None
            known = turn.asked.question_id in self.questions
            if known and turn.grade and stamp != self.examiner.stamp(self.graded_question(turn)):
                found.append(number)
        return tuple(found)

    def rename(self, id_: str, name: str) -> None:
        self.history.rename(id_, " ".join(clean(name).split())[:200] or "Interview")

    def delete(self, id_: str) -> Deleted:
        """Delete an interview and its drafts. What comes back is all that is left of them."""
        both = [stream for kind in (INTERVIEW, DRAFT) for stream in self.history.streams(kind)]
        gone = [stream for stream in both if stream.id in {id_, _draft_of(id_)}]
        deleted = Deleted(tuple((stream, tuple(self.history.records(stream.id))) for stream in gone))
        for stream in gone:
            self.history.delete(stream.id)
        return deleted

    def restore(self, deleted: Deleted) -> None:
        """Bring back what was deleted. Raises Conflict if it is there."""
        for stream, records in deleted.streams:
            self.history.begin(stream.id, stream.kind, stream.name, stream.began)
            for number, kept in enumerate(records):
                self.history.append(stream.id, number, kept)

    # What there is to read.

    def known(self, id_: str) -> Question:
        """The question of the bank with this id. Raises BadInput."""
        if id_ not in self.questions:
            raise BadInput(f"There is no question {id_!r} in the bank. It may have been removed; look through the bank.")
        return self.questions[id_]

    def question(self, turn: Turn) -> Question:
        """The bank's question of a turn. Raises BadInput if it has left the bank."""
        question = self.questions.get(turn.asked.question_id)
        if question is None:
            raise BadInput(f"The question {turn.asked.question_id} is not in the bank any more. Go on to the next one.")
        return question

    def graded_question(self, turn: Turn) -> Question:
        """What a reply is graded against: the question, or for a follow-up its one point."""
        question = self.question(turn)
        point = turn.asked.point
        if point is None or not 0 <= point < len(question.key_points):
            return question
        return replace(question, key_points=(question.key_points[point],))

    def feedback(self, turn: Turn) -> Feedback:
        """What to tell about a graded turn. Raises BadMove if it has no grade."""
        if turn.grade is None:
            raise BadMove("This answer is not graded yet.")
        known = turn.asked.question_id in self.questions
        return feedback(self.graded_question(turn) if known else None, turn.grade)

    def teaching(self, question: Question) -> tuple[Taught | None, ...]:
        """Where the material teaches each key point."""
        return self.examiner.teaching(question)

    # What is remembered.

    def past(self) -> Past:
        """Every interview as it stands on disk, and what follows from them; read again only when something has changed."""
        return self._reader.past()

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.history)

    def reviews(self) -> list[Review]:
        return list(self.past().reviews)

    def schedule(self) -> Schedule:
        return self.past().schedule

    def plan(self, topics: Sequence[str] = ()) -> Plan:
        """What to practice today and on the days ahead; what was asked and skipped today is not asked again today."""
        about, now, past = self.profile(), self.now(), self.past()
        chosen = about.per_day, about.interview_on, topics
        return plan(self.questions.values(), past.schedule, now, *chosen, past.skipped_today(now))

    def profile(self) -> Profile:
        """What the candidate has set; the last word on each thing counts. What cannot be read was never set."""
        said: dict[str, object] = {}
        for kept in self.history.records(PROFILE):
            said |= kept.data
        try:
            return _PROFILE.validate_python(said)
        except ValidationError:
            return Profile()

    def set_profile(self, profile: Profile) -> None:
        if not 0 <= profile.per_day <= MAX_QUESTIONS:
            raise BadInput(f"{profile.per_day} questions a day cannot be planned. Choose 0 to {MAX_QUESTIONS}.")
        on = profile.interview_on.isoformat() if profile.interview_on else None
        at = self.now()
        self.history.begin(PROFILE, PROFILE, "Profile", at)
        said = Record("set", at, {"interview_on": on, "per_day": profile.per_day, "welcomed": profile.welcomed})
        self.history.append(PROFILE, len(self.history.records(PROFILE)), said)

    # Behind the verbs.

    def _add(self, interview: Interview, new: Event) -> Interview:
        """The interview after an event, which is on disk when this returns. Raises BadMove, Conflict."""
        after = interview.after(new)
        self.history.append(interview.id, interview.events, record(new))
        return after

    def _note(self, interview: Interview, said: Record) -> None:
        """Keep beside an interview what is none of its events."""
        id_ = _draft_of(interview.id)
        self.history.begin(id_, DRAFT, "Draft", said.at)
        self.history.append(id_, len(self.history.records(id_)), said)

    def _seen(self, interview: Interview) -> datetime:
        """The last sign of life beside its events."""
        noted = self.history.records(_draft_of(interview.id))
        return noted[-1].at if noted else interview.began

    def _asked_next(self, interview: Interview) -> Interview:
        now = self.now()
        done = interview.complete(now)
        question = None if done else next_question(list(self.questions.values()), self.schedule(), interview, now)
        if question is None:
            return self.end(interview)
        return self._ask(interview, question, question.prompt, Kind.QUESTION, None)

    def _ask(self, interview: Interview, question: Question, prompt: str, why: Kind, point: int | None) -> Interview:
        seconds = (interview.setup.seconds or SECONDS_BY_LEVEL[question.level]) if interview.setup.real else None
        follows = None if why is Kind.QUESTION else len(interview.turns) - 1
        return self._add(interview, Asked(self.now(), question.id, prompt, why, follows, point, seconds))

    def _graded(self, interview: Interview, number: int) -> Interview:
        turn, reply = _replied(interview, number)
        grade = turn.grade if number in interview.ungraded else None
        if turn.asked.question_id not in self.questions:
            grade = replace(turn.grade or Grade(None), note="The question is not in the bank any more: not graded.")
        elif grade:
            grade = self._after(turn.disputes[-1], turn, grade)
        else:
            grade = self.examiner.grade(self.graded_question(turn), reply.text)
            for dispute in turn.disputes:
                grade = self._after(dispute, turn, grade)
        return self._add(interview, Graded(self.now(), number, grade))

    def _after(self, dispute: Disputed, turn: Turn, grade: Grade) -> Grade:
        """The grade after a dispute, if it still has something against the disputed point."""
        if dispute.point >= len(grade.verdicts) or grade.verdicts[dispute.point].verdict is Verdict.COVERED:
            return grade
        return self.examiner.again(self.graded_question(turn), grade, dispute.point, dispute.said)

    def _left(self, turn: Turn) -> int | None:
        """The number of the point to follow up, if the turn was about the whole question and leaves one."""
        whole = turn.asked.point is None and turn.asked.question_id in self.questions
        return most_valuable(turn.grade) if whole and turn.grade else None

    def _open_turn(self, interview: Interview) -> Turn:
        if interview.step is not Step.REPLY or interview.turn is None or interview.setup.real:
            raise BadMove("Hints are for an open question in practice.")
        return interview.turn

    def _read_turn(self, interview: Interview) -> Turn:
        if interview.step is not Step.READ or interview.turn is None:
            raise BadMove("There is no answered question to go back to. Answer this one first.")
        return interview.turn

    def _name(self, setup: Setup) -> str:
        if setup.only:
            first = self.questions[setup.only[0]].prompt if setup.only[0] in self.questions else ""
            return f"Practice: {first if len(setup.only) == 1 else f'{len(setup.only)} questions'}"[:200]
        titles = [topic.title for topic in self.topics if topic.id in setup.topics]
        what = "All topics" if not titles else titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
        return f"{'Interview' if setup.real else 'Practice'}: {what}"


@dataclass(frozen=True, slots=True)
class Profile:
    """When the candidate's interview is, how many questions a day are to be practiced, and whether they were welcomed."""

    interview_on: date | None = None
    per_day: Annotated[int, Field(ge=0, le=MAX_QUESTIONS)] = PER_DAY
    welcomed: bool = False


_PROFILE = TypeAdapter(Profile)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What was deleted, as long as somebody keeps this: `restore` brings it back."""

    streams: tuple[tuple[Stream, tuple[Record, ...]], ...]


def _draft_of(id_: str) -> str:
    return f"{DRAFT}-{id_}"


def _replied(interview: Interview, number: int) -> tuple[Turn, Replied]:
    """A turn and its reply. Raises BadMove if there is none."""
    turn = interview.turns[number] if 0 <= number < len(interview.turns) else None
    if turn is None or turn.reply is None:
        raise BadMove(f"Question {number + 1} has no answer to grade. Choose one that was answered.")
    return turn, turn.reply


def titles(topics: Sequence[Topic]) -> Mapping[str, str]:
    return {topic.id: topic.title for topic in topics}
