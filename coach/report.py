"""An interview becomes a report: what each question earned and why, how the time went, and what to study next.

Knows no screen, no file and no grader. Only what was graded counts. A question that was skipped, not answered or not
graded is counted and shown, never averaged in: a zero would say that the candidate was heard and knew nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import fmean

from coach.domain import Held, KeyPoint, Level, PointVerdict, Question, Reference, Taught, Verdict
from coach.errors import BadInput
from coach.interview import Interview, Kind, Setup, Turn

TO_STUDY = 3
# From how many ratings on, and from which mean gap, a candidate is called over- or under-confident. Ratings are whole
# numbers, so half a point is no more than rounding.
LEAST_PAIRS = 3
CLOSE = 0.5

NO_TOPIC = "No longer in the bank"
MISSED = (Verdict.CONTRADICTED, Verdict.MISSING)
_WEIGHTS = {1: "bonus", 2: "expected", 3: "essential"}


class Outcome(StrEnum):
    """What came of a question. Ungraded is one with a reply and no score, for instance because it was too short."""

    GRADED = "graded"
    UNGRADED = "not graded"
    SKIPPED = "skipped"
    UNANSWERED = "not answered"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a key point, `number` of `of` from 1, stood in the end.

    The last turn that says anything about it decides, so what a follow-up or a retry put right is not held against
    anyone.
    """

    number: int
    of: int
    verdict: PointVerdict

    @property
    def missed(self) -> bool:
        return self.verdict.verdict in MISSED


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """A question with its turns: its own first, then follow-ups and retries.

    `score` and `outcome` are those of its own turn. `title` names the topic; without a topic the question has left the
    bank. `at` is where it stands there. `held` are misconceptions, each once.
    """

    number: int
    id: str
    topic: str
    title: str
    level: Level | None
    prompt: str
    at: str
    references: tuple[Reference, ...]
    turns: tuple[Turn, ...]
    outcome: Outcome
    score: float | None
    points: tuple[Standing, ...]
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """What some questions come to. `asked` is the sum of the four numbers after it.

    `score` is the mean over the graded ones, hints paid for; None, with a `reason`, if there are none. `hints` were
    used in all their turns and took `cost` points off those that have a score. `shares` says which part of the key
    points' weight got each verdict in the first replies; they add up to 1, or to 0 without a verdict.
    """

    score: float | None
    reason: str
    asked: int
    graded: int
    ungraded: int
    skipped: int
    unanswered: int
    hints: int
    cost: float
    shares: Mapping[Verdict, float]


@dataclass(frozen=True, slots=True)
class TopicReport:
    id: str
    title: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class Pacing:
    """Seconds, all without pauses: the whole interview, its limit if it had one, and all replies together.

    `timed` replies had a clock, `late` ones of them came after it.
    """

    total: float
    limit: float | None
    answering: float
    timed: int
    late: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What a candidate thought a reply worth, and what it was graded, before hints cost anything."""

    question: int
    rating: int
    score: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """`gap` is the mean of rating less score, so above 0 is over-confident; None without pairs."""

    pairs: tuple[Pair, ...]
    gap: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class GraderUse:
    """How many replies a grader graded, counting only the grades that count."""

    grader: str
    replies: int


@dataclass(frozen=True, slots=True)
class Study:
    """A key point worth studying, and the question that asks for it."""

    question: int
    question_id: str
    prompt: str
    point: Standing
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """An interview as it stood when the report was `made`; `ended` is None if it goes on.

    All times are in the zone of `made`. `chosen` are the titles of the topics that were set up, none for all.
    `grader_note` is empty unless more than one grader graded.
    """

    id: str
    began: datetime
    ended: datetime | None
    made: datetime
    setup: Setup
    chosen: tuple[str, ...]
    overall: Tally
    study: tuple[Study, ...]
    topics: tuple[TopicReport, ...]
    questions: tuple[QuestionReport, ...]
    pacing: Pacing
    calibration: Calibration
    graders: tuple[GraderUse, ...]
    grader_note: str


def report(interview: Interview, questions: Mapping[str, Question], topics: Mapping[str, str], now: datetime) -> Report:
    """`topics` are titles by id. A question that has left the bank is reported as it was asked. Raises BadInput."""
    if now.utcoffset() is None:
        raise BadInput(f"Now is {now.isoformat()}, a time without a time zone. Give one, for instance UTC.")
    asked = _asked(interview.turns, questions, topics)
    graders = _graders(interview.turns)
    return Report(
        id=interview.id,
        began=interview.began.astimezone(now.tzinfo),
        ended=interview.ended.astimezone(now.tzinfo) if interview.ended else None,
        made=now,
        setup=interview.setup,
        chosen=tuple(topics.get(topic, topic) for topic in interview.setup.topics),
        overall=_tally(asked),
        study=_study(asked),
        topics=_topics(asked),
        questions=asked,
        pacing=_pacing(interview, now),
        calibration=calibration(_pairs(asked)),
        graders=graders,
        grader_note=_note(graders),
    )


def _asked(turns: Sequence[Turn], questions: Mapping[str, Question], topics: Mapping[str, str]) -> tuple[QuestionReport, ...]:
    threads = enumerate(_threads(turns), 1)
    return tuple(_question(number, thread, questions.get(thread[0].asked.question_id), topics) for number, thread in threads)


def _threads(turns: Sequence[Turn]) -> list[list[Turn]]:
    """The turns, grouped by the question they are about. What follows nothing known follows the turn before it."""
    heads: list[int] = []
    threads: dict[int, list[Turn]] = {}
    for number, turn in enumerate(turns):
        follows = turn.asked.follows
        if turn.asked.why is Kind.QUESTION or not heads:
            heads.append(number)
        else:
            heads.append(heads[follows if follows is not None and 0 <= follows < number else -1])
        threads.setdefault(heads[-1], []).append(turn)
    return list(threads.values())


def _question(number: int, turns: Sequence[Turn], known: Question | None, topics: Mapping[str, str]) -> QuestionReport:
    first = turns[0]
    return QuestionReport(
        number=number,
        id=first.asked.question_id,
        topic=known.topic if known else "",
        title=topics.get(known.topic, known.topic) if known else NO_TOPIC,
        level=known.level if known else None,
        prompt=first.asked.prompt,
        at=known.at if known else "",
        references=known.references if known else (),
        turns=tuple(turns),
        outcome=_outcome(first),
        score=first.score,
        points=_standings(turns),
        held=tuple({held.misconception.text: held for turn in turns if turn.grade for held in turn.grade.held}.values()),
    )


def _outcome(turn: Turn) -> Outcome:
    if turn.skipped:
        return Outcome.SKIPPED
    if turn.reply is None:
        return Outcome.UNANSWERED
    return Outcome.UNGRADED if turn.score is None else Outcome.GRADED


def _standings(turns: Iterable[Turn]) -> tuple[Standing, ...]:
    last: dict[str, PointVerdict] = {}
    for verdict in (verdict for turn in turns if turn.grade for verdict in turn.grade.verdicts):
        if verdict.verdict is not Verdict.MISSING or verdict.point.text not in last:
            last[verdict.point.text] = verdict
    return tuple(Standing(number, len(last), verdict) for number, verdict in enumerate(last.values(), 1))


def _tally(asked: Sequence[QuestionReport]) -> Tally:
    outcomes = Counter(question.outcome for question in asked)
    scores = [question.score for question in asked if question.score is not None]
    turns = [turn for question in asked for turn in question.turns]
    return Tally(
        score=fmean(scores) if scores else None,
        reason="" if scores else _reason(outcomes),
        asked=len(asked),
        graded=outcomes[Outcome.GRADED],
        ungraded=outcomes[Outcome.UNGRADED],
        skipped=outcomes[Outcome.SKIPPED],
        unanswered=outcomes[Outcome.UNANSWERED],
        hints=sum(len(turn.hints) for turn in turns),
        cost=sum(_cost(turn) for turn in turns),
        shares=_shares(question.turns[0] for question in asked),
    )


def _reason(outcomes: Mapping[Outcome, int]) -> str:
    if not outcomes:
        return "No question was asked."
    return f"Nothing could be graded: {', '.join(f'{count} {outcome}' for outcome, count in outcomes.items())}."


def _cost(turn: Turn) -> float:
    """What the hints took off; less than their price where the score is 0 already."""
    if turn.grade is None or turn.grade.score is None or turn.score is None:
        return 0.0
    return turn.grade.score - turn.score


def _shares(turns: Iterable[Turn]) -> Mapping[Verdict, float]:
    weights = dict.fromkeys(Verdict, 0)
    for verdict in (verdict for turn in turns if turn.grade for verdict in turn.grade.verdicts):
        weights[verdict.verdict] += verdict.point.weight
    total = sum(weights.values())
    return {verdict: weight / total if total else 0.0 for verdict, weight in weights.items()}


def _topics(asked: Sequence[QuestionReport]) -> tuple[TopicReport, ...]:
    """In the order in which they came up."""
    found: dict[str, list[QuestionReport]] = {}
    for question in asked:
        found.setdefault(question.topic, []).append(question)
    return tuple(TopicReport(topic, among[0].title, _tally(among)) for topic, among in found.items())


def _pacing(interview: Interview, now: datetime) -> Pacing:
    replied = [turn for turn in interview.turns if turn.reply]
    minutes = interview.setup.minutes
    return Pacing(
        total=interview.used(now).total_seconds(),
        limit=None if minutes is None else 60.0 * minutes,
        answering=sum(turn.seconds or 0.0 for turn in replied),
        timed=sum(turn.asked.seconds is not None for turn in replied),
        late=sum(turn.late for turn in replied),
    )


def calibration(pairs: Sequence[Pair]) -> Calibration:
    """How well ratings fit grades, in a number and a sentence."""
    gap = fmean(pair.rating - pair.score for pair in pairs) if pairs else None
    return Calibration(tuple(pairs), gap, _confidence(pairs, gap))


def _pairs(asked: Iterable[QuestionReport]) -> tuple[Pair, ...]:
    """Of the questions' own turns only: who tries again has seen what was missing."""
    own = [(question.number, question.turns[0]) for question in asked]
    return tuple(
        Pair(number, turn.reply.rating, turn.grade.score)
        for number, turn in own
        if turn.reply and turn.reply.rating is not None and turn.grade and turn.grade.score is not None
    )


def _confidence(pairs: Sequence[Pair], gap: float | None) -> str:
    if gap is None:
        return "No reply was both rated by you and graded."
    if len(pairs) < LEAST_PAIRS:
        return f"Too few self-ratings to say how well they fit: {len(pairs)}, and it takes {LEAST_PAIRS}."
    if abs(gap) >= CLOSE:
        lean, side = ("Over", "above") if gap > 0 else ("Under", "below")
        return f"{lean}-confident: on average you rated yourself {abs(gap):.1f} {side} the grade."
    miss = fmean(abs(pair.rating - pair.score) for pair in pairs)
    if miss > 2 * CLOSE:
        return f"Too high about as often as too low: on average a rating misses the grade by {miss:.1f}."
    return f"Your ratings fit: on average they are {miss:.1f} from the grade."


def _graders(turns: Iterable[Turn]) -> tuple[GraderUse, ...]:
    scored = [turn.grade for turn in turns if turn.grade and turn.grade.score is not None]
    uses = Counter(grade.stamp.grader if grade.stamp else "unknown" for grade in scored)
    return tuple(GraderUse(grader, replies) for grader, replies in uses.most_common())


def _note(graders: Sequence[GraderUse]) -> str:
    if len(graders) < 2:
        return ""
    return f"{len(graders)} graders graded here. Their scores are not on one scale, so read the means with care."


def _study(asked: Iterable[QuestionReport]) -> tuple[Study, ...]:
    """The heaviest points that were missed, contradicted before missing; one a question, as far as there are enough."""
    last = {(one.id, point.verdict.point.text): (one, point) for one in asked for point in one.points}
    ranked = sorted((found for found in last.values() if found[1].missed), key=lambda found: _urgency(found[1]))
    first: dict[str, tuple[QuestionReport, Standing]] = {}
    for one, point in ranked:
        first.setdefault(one.id, (one, point))
    chosen = [*first.values(), *(found for found in ranked if found not in first.values())]
    return tuple(Study(one.number, one.id, one.prompt, point, one.references) for one, point in chosen[:TO_STUDY])


def _urgency(point: Standing) -> tuple[int, int]:
    return -point.verdict.point.weight, MISSED.index(point.verdict.verdict)


def weight(point: KeyPoint) -> str:
    return _WEIGHTS.get(point.weight, f"weight {point.weight}")


def place(taught: Taught, known: str = "") -> str:
    """Where the material teaches a thing; without its heading, if that is the question the reader knows."""
    heading = "" if taught.heading == known else f"{taught.heading}; "
    return f"{heading}{taught.source}, {taught.place}"
