"""What an interviewer can do. Each verb takes what was decided, keeps it on disk, and gives back the interview after it.

A reply is on disk before it is graded and a grade before it is shown, so that whatever happens in between, taking the
interview up again goes on exactly there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from coach.choose import fitting, level_now, next_question
from coach.domain import Grade, Question, Taught, Topic, Verdict
from coach.errors import BadInput, BadMove, CoachError
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
from coach.ports import History, Record, Stream
from coach.records import event, record
from coach.schedule import Plan, Review, Schedule, contradicts_core, plan, schedule
from coach.text import clean, find_quote

INTERVIEW = "interview"
PROFILE = "profile"
MAX_REPLY = 100_000
PER_DAY = 10


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
        if not fitting(list(self.questions.values()), setup):
            raise BadInput("No question of the bank has these topics and this level. Choose more topics, or any level.")
        return setup

    def open(self, id_: str) -> Interview:
        """The interview as it stands on disk. Raises BadInput if there is none, StorageError."""
        kept = self.history.records(id_)
        if not kept:
            raise BadInput(f"There is no interview {id_!r}. It may have been deleted; begin another.")
        return Interview.from_events(id_, tuple(event(one) for one in kept))

    def interviews(self) -> list[tuple[Stream, Interview]]:
        """All of them, the newest first. One that cannot be read is left out."""
        return list(reversed(list(self._interviews())))

    def unfinished(self) -> list[tuple[Stream, Interview]]:
        """Those that can be taken up again."""
        return [(stream, interview) for stream, interview in self.interviews() if not interview.ended]

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
        return self._add(interview, Replied(self.now(), text, rating))

    def hint(self, interview: Interview, draft: str = "") -> Interview:
        """One more hint, towards what the draft has not said yet."""
        turn = self._open_turn(interview)
        steps = self.hints(interview, draft)
        if len(turn.hints) >= len(steps):
            raise BadMove("There are no more hints for this question. Answer it, or skip it.")
        return self._add(interview, Hinted(self.now(), steps[len(turn.hints)]))

    def hints(self, interview: Interview, draft: str = "") -> tuple[str, ...]:
        """The whole ladder, without taking a hint."""
        question = self.graded_question(self._open_turn(interview))
        said = self.examiner.quick(question, draft).verdicts if draft.strip() else ()
        left = [number for number, verdict in enumerate(said) if verdict.verdict is not Verdict.COVERED]
        return ladder(question, self.cues, left)

    def follow_up(self, interview: Interview) -> Interview:
        """Ask about the most valuable point that was missed or wrong. Raises BadMove if there is none."""
        turn = self._read_turn(interview)
        grade, question = turn.grade, self.question(turn)
        number = most_valuable(grade) if grade and turn.asked.why is not Kind.FOLLOW_UP else None
        if number is None or grade is None:
            raise BadMove("Nothing is left to follow up. Go on to the next question.")
        prompt = follow_up(grade, number, question, self.cues, interview.setup.style)
        return self._ask(interview, question, prompt, Kind.FOLLOW_UP, number)

    def can_follow_up(self, interview: Interview) -> bool:
        """Whether the last turn leaves a point to ask about; one follow-up a question is enough."""
        turn = interview.turn
        if interview.step is not Step.READ or turn is None or turn.grade is None:
            return False
        return turn.asked.why is not Kind.FOLLOW_UP and most_valuable(turn.grade) is not None

    def again(self, interview: Interview) -> Interview:
        """Ask the same once more."""
        asked = self._read_turn(interview).asked
        return self._ask(interview, self.questions[asked.question_id], asked.prompt, Kind.AGAIN, asked.point)

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
        turn = interview.turns[number] if 0 <= number < len(interview.turns) else None
        if turn is None or turn.reply is None or turn.grade is None or not 0 <= point < len(turn.grade.verdicts):
            raise BadMove("There is no such grade to dispute.")
        span = find_quote(clean(said), turn.reply.text)
        if span is None:
            raise BadInput("These words are not in your answer. Copy them from it, letter by letter.")
        said = turn.reply.text[slice(*span)]
        disputed = self._add(interview, Disputed(self.now(), number, point, said))
        again = self.examiner.again(self.graded_question(turn), turn.grade, point, said)
        return self._add(disputed, Graded(self.now(), number, again))

    def regrade(self, interview: Interview, number: int) -> Interview:
        """Grade a reply once more with the grader of today; the old grade stays beside it."""
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

    def delete(self, id_: str) -> None:
        self.history.delete(id_)

    # What there is to read.

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
        return feedback(self.graded_question(turn), turn.grade)

    def teaching(self, question: Question) -> tuple[Taught | None, ...]:
        """Where the material teaches each key point."""
        return self.examiner.teaching(question)

    # What is remembered.

    def reviews(self) -> list[Review]:
        """Every graded first answer to a question in an interview; a retry after reading the answer proves nothing."""
        return [review for _stream, interview in self._interviews() for review in _reviews(interview)]

    def schedule(self) -> Schedule:
        return schedule(self.reviews())

    def plan(self, topics: Sequence[str] = ()) -> Plan:
        """What to practice today and on the days ahead."""
        about = self.profile()
        return plan(self.questions.values(), self.schedule(), self.now(), about.per_day, about.interview_on, topics)

    def profile(self) -> Profile:
        """What the candidate has set; the last word on each thing counts."""
        said: dict[str, object] = {}
        for kept in self.history.records(PROFILE):
            said |= kept.data
        on, per_day = said.get("interview_on"), said.get("per_day")
        return Profile(date.fromisoformat(on) if isinstance(on, str) else None, per_day if isinstance(per_day, int) else PER_DAY)

    def set_profile(self, profile: Profile) -> None:
        if not 0 <= profile.per_day <= MAX_QUESTIONS:
            raise BadInput(f"{profile.per_day} questions a day cannot be planned. Choose 0 to {MAX_QUESTIONS}.")
        on = profile.interview_on.isoformat() if profile.interview_on else None
        at = self.now()
        self.history.begin(PROFILE, PROFILE, "Profile", at)
        said = Record("set", at, {"interview_on": on, "per_day": profile.per_day})
        self.history.append(PROFILE, len(self.history.records(PROFILE)), said)

    # Behind the verbs.

    def _interviews(self) -> Iterator[tuple[Stream, Interview]]:
        for stream, kept in self.history.everything(INTERVIEW):
            try:
                yield stream, Interview.from_events(stream.id, tuple(event(one) for one in kept))
            except CoachError:
                continue

    def _add(self, interview: Interview, new: Event) -> Interview:
        """The interview after an event, which is on disk when this returns. Raises BadMove, Conflict."""
        after = interview.after(new)
        self.history.append(interview.id, interview.events, record(new))
        return after

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
        turn = interview.turns[number]
        if turn.reply is None:
            raise BadMove("There is no answer to grade.")
        if turn.asked.question_id not in self.questions:
            grade = Grade(None, note="The question is not in the bank any more: not graded.")
        else:
            grade = self.examiner.grade(self.graded_question(turn), turn.reply.text)
        return self._add(interview, Graded(self.now(), number, grade))

    def _open_turn(self, interview: Interview) -> Turn:
        if interview.step is not Step.REPLY or interview.turn is None or interview.setup.real:
            raise BadMove("Hints are for an open question in practice.")
        return interview.turn

    def _read_turn(self, interview: Interview) -> Turn:
        if interview.step is not Step.READ or interview.turn is None:
            raise BadMove("There is no answered question to go back to. Answer this one first.")
        return interview.turn

    def _name(self, setup: Setup) -> str:
        titles = [topic.title for topic in self.topics if topic.id in setup.topics]
        what = "All topics" if not titles else titles[0] if len(titles) == 1 else f"{titles[0]} and {len(titles) - 1} more"
        return f"{'Interview' if setup.real else 'Practice'}: {what}"


@dataclass(frozen=True, slots=True)
class Profile:
    """When the candidate's interview is, and how many questions a day are to be practiced."""

    interview_on: date | None = None
    per_day: int = PER_DAY


def _reviews(interview: Interview) -> Iterator[Review]:
    for turn in interview.turns:
        if turn.asked.why is Kind.QUESTION and turn.reply and turn.grade:
            yield Review(
                turn.asked.question_id,
                turn.reply.at,
                turn.grade.score,
                len(turn.hints),
                turn.seconds,
                float(turn.asked.seconds) if turn.asked.seconds else None,
                contradicts_core(turn.grade),
            )


def level_of(interview: Interview) -> str:
    """The level the next question is asked at, as a word."""
    return str(level_now(interview))


def titles(topics: Sequence[Topic]) -> Mapping[str, str]:
    return {topic.id: topic.title for topic in topics}
