"""A report becomes Markdown, JSON, or one HTML file to keep and to print. Knows no disk but its template's.

Whatever a candidate, a page or a model wrote is data in all three: in HTML the template engine escapes it, and a policy
lets nothing load and nothing run; in Markdown every character that could mean something is escaped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from pydantic import TypeAdapter

from coach.domain import Held, PointVerdict, Reference, Taught, Verdict
from coach.interview import Kind, Turn
from coach.report import Outcome, Pacing, QuestionReport, Report, Study, Tally, place, weight
from coach.text import clean, shortened

# Raised when the JSON changes its shape.
FORMAT = 1

# A verdict is shown by sign, word and color, so that any one of them will do.
SIGNS = {Verdict.COVERED: "✓", Verdict.PARTIAL: "◐", Verdict.MISSING: "○", Verdict.CONTRADICTED: "✗"}
NAMES = {Kind.QUESTION: "Your answer", Kind.FOLLOW_UP: "Follow-up", Kind.AGAIN: "Once more"}
_LONGEST_TARGET = 300

_REPORT = TypeAdapter(Report)
_WEB = re.compile(r"https?://[^\s<>\"\\]+")
_SPECIAL = re.compile(r"[\\`*_{\[\]<#|~$@]|&(?=[#\w]+;)|:(?=[^\s\d])|(?<=www)\.", re.IGNORECASE)
_LINE_START = re.compile(r"^(\d{1,9})(?=[.)](?:\s|$))|^(?=[-+=>])")


def as_json(report: Report) -> dict[str, object]:
    """Plain JSON types under the names of the values' own fields. Of a turn's `grades` the last one counts."""
    plain = _REPORT.dump_python(report, mode="json")
    for row, question in zip(plain["questions"], report.questions, strict=True):
        for shown, turn in zip(row["turns"], question.turns, strict=True):
            shown |= {"score": turn.score, "seconds": turn.seconds, "late": turn.late}
    # Half of a surrogate pair becomes a question mark: not every reader takes it.
    kept: dict[str, object] = json.loads(json.dumps({"format": FORMAT, **plain}, ensure_ascii=False).encode("utf-8", "replace"))
    return kept


def html(report: Report) -> str:
    """One file without a script and without anything remote, for light, dark and paper."""
    return _template().render(report=report)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    words = (disputes, earlier, facts, habits, moment, outcome, place, rating, score, setup, spent, summary, web, weight, when)
    environment.filters |= {word.__name__: word for word in words}
    environment.globals |= {"SIGNS": SIGNS, "NAMES": NAMES}
    return environment.get_template("report.html")


def _visible(value: object) -> object:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def score(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def time(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M %Z}"


def when(report: Report) -> str:
    if report.ended is None:
        return f"{moment(report.began)}, still open"
    same_day = report.ended.date() == report.began.date()
    return f"{report.began:%Y-%m-%d %H:%M} to {f'{report.ended:%H:%M %Z}' if same_day else moment(report.ended)}"


def web(url: str) -> str:
    """`url` if it is an address of the web, else nothing."""
    return url if _WEB.fullmatch(url) else ""


def spent(turn: Turn) -> str:
    """How long a reply took, and whether its clock allowed that."""
    clock = f" of {time(turn.asked.seconds)}" if turn.asked.seconds and turn.reply else ""
    return f"{time(turn.seconds)}{clock}{', late' if turn.late else ''}"


def rating(turn: Turn) -> str:
    return "–" if turn.reply is None or turn.reply.rating is None else str(turn.reply.rating)


def facts(turn: Turn) -> str:
    found = [f"Time {spent(turn)}", f"Score {score(turn.score)}"]
    found += [f"Self-rating {rating(turn)}"] if turn.reply and turn.reply.rating is not None else []
    return " · ".join(found)


def outcome(question: QuestionReport) -> str:
    return score(question.score) if question.outcome is Outcome.GRADED else question.outcome


def summary(tally: Tally) -> str:
    """What the score is the mean of, and what is not in it."""
    if tally.score is None:
        return tally.reason
    rest = {"skipped": tally.skipped, "not answered": tally.unanswered, "not graded": tally.ungraded}
    left = ", ".join(f"{count} {what}" for what, count in rest.items() if count)
    return f"The mean of {tally.graded} graded of {tally.asked} asked." + (f" Not in it: {left}." if left else "")


def habits(report: Report) -> list[str]:
    """A sentence each on the time, the hints, the self-ratings and who graded."""
    graders = [f"{_count(use.replies, 'reply', 'replies')} graded by {use.grader}." for use in report.graders]
    found = [_pace(report.pacing), _hints(report.overall), report.calibration.sentence, *graders, report.grader_note]
    return [sentence for sentence in found if sentence]


def _pace(pacing: Pacing) -> str:
    limit = f" of {time(pacing.limit)}" if pacing.limit else ""
    clock = f"{pacing.late} of {pacing.timed} replies against the clock came late." if pacing.timed else "No reply had a clock."
    return f"The interview took {time(pacing.total)}{limit}, of which {time(pacing.answering)} went into replies. {clock}"


def _hints(tally: Tally) -> str:
    if not tally.hints:
        return "No hints were used."
    hints = _count(tally.hints, "hint", "hints")
    return f"{hints} took {tally.cost:.1f} points off the scores." if tally.cost else f"{hints} used, at no cost."


def setup(report: Report) -> dict[str, str]:
    """What was chosen, in words. The whole text of a long target is in the JSON only."""
    chosen = report.setup
    length = [_count(chosen.questions, "question", "questions")] if chosen.questions is not None else []
    length += [_count(chosen.minutes, "minute", "minutes")] if chosen.minutes is not None else []
    words = {
        "Mode": "real interview" if chosen.real else "practice",
        "Topics": ", ".join(report.chosen) or "all",
        "Level": chosen.level or "moves with the answers",
        "Length": " or ".join(length) or "open",
        "Clock": f"{time(chosen.seconds)} a question" if chosen.seconds else "",
        "Interviewer": chosen.style,
        "Picked": chosen.picking,
        "Target": shortened(" ".join(chosen.target.split()), _LONGEST_TARGET),
    }
    return {name: word for name, word in words.items() if word}


def earlier(turn: Turn) -> list[str]:
    """What each grade that no longer counts said, and which verdicts are others now."""
    return [_before(turn, number) for number in range(len(turn.grades) - 1)]


def _before(turn: Turn, number: int) -> str:
    grade = turn.grades[number]
    now = {verdict.point.text: verdict.verdict for verdict in turn.grades[-1].verdicts}
    moved = [
        f"“{old.point.text}” was {old.verdict} and is {now[old.point.text]}"
        for old in grade.verdicts
        if now.get(old.point.text, old.verdict) is not old.verdict
    ]
    grader = f" by {grade.stamp.grader}" if grade.stamp else ""
    return f"Graded {score(grade.score)} before{grader}; {'; '.join(moved) or 'no verdict has changed'}."


def disputes(turn: Turn) -> list[str]:
    return [f"You disputed {_disputed(turn, dispute.point)}: “{dispute.said}”" for dispute in turn.disputes]


def _disputed(turn: Turn, number: int) -> str:
    verdicts = turn.grade.verdicts if turn.grade else ()
    return f"“{verdicts[number].point.text}”" if 0 <= number < len(verdicts) else f"point {number + 1}"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def markdown(report: Report) -> str:
    """For an editor or a note; a table needs a reader of GitHub's dialect."""
    return "\n\n".join(_blocks(report)) + "\n"


def escaped(text: str) -> str:
    """`text` on one line, exactly as typed: nothing in it is Markdown any more."""
    line = _SPECIAL.sub(r"\\\g<0>", " ".join(clean(text).split()))
    return _LINE_START.sub(r"\1\\", line)


def _blocks(report: Report) -> Iterator[str]:
    yield "# Interview report"
    yield f"**{score(report.overall.score)} of 5.** {escaped(summary(report.overall))}"
    yield when(report)
    if report.study:
        yield "## What to study next"
        yield from (_studied(number, study) for number, study in enumerate(report.study, 1))
    if report.questions:
        yield "## By topic"
        yield _topics(report)
        yield "## By question"
        yield _questions(report)
    yield "## How it went"
    yield escaped(" ".join(habits(report)))
    yield _list([f"{name}: {escaped(word)}" for name, word in setup(report).items()])
    for question in report.questions:
        yield from _question(question)


def _studied(number: int, study: Study) -> str:
    verdict = study.point.verdict
    lines = [
        f"{number}. **{escaped(verdict.point.text)}** ({_verdict(verdict)}, {weight(verdict.point)})",
        f"   - Asked in question {study.question}, {escaped(study.question_id)}: {escaped(study.prompt)}",
    ]
    evidence = _evidence(verdict.said, verdict.taught, study.prompt)
    lines += [f"   - {line}" for line in (*evidence, *map(_reference, study.references))]
    return "\n".join(lines)


def _topics(report: Report) -> str:
    verdicts = [f"{sign} {verdict}" for verdict, sign in SIGNS.items()]
    rows = [
        [
            escaped(topic.title),
            score(topic.tally.score),
            f"{topic.tally.graded} of {topic.tally.asked}",
            str(topic.tally.hints),
            *(f"{topic.tally.shares[verdict]:.0%}" for verdict in SIGNS),
        ]
        for topic in report.topics
    ]
    return _table(["Topic", "Score", "Graded", "Hints", *verdicts], rows)


def _questions(report: Report) -> str:
    rows = [
        [
            str(question.number),
            escaped(question.prompt),
            outcome(question),
            rating(question.turns[0]),
            str(sum(len(turn.hints) for turn in question.turns)),
            spent(question.turns[0]),
        ]
        for question in report.questions
    ]
    return _table(["", "Question", "Score", "Self-rating", "Hints", "Time"], rows)


def _question(question: QuestionReport) -> Iterator[str]:
    yield f"## {question.number}. {escaped(question.prompt)}"
    about = (question.id, question.title, question.level or "", outcome(question))
    yield " · ".join(escaped(word) for word in about if word)
    for turn in question.turns:
        yield from _turn(turn, question.prompt)


def _turn(turn: Turn, known: str) -> Iterator[str]:
    yield f"### {NAMES[turn.asked.why]}"
    if turn.asked.why is not Kind.QUESTION:
        yield escaped(turn.asked.prompt)
    if turn.hints:
        yield _list([f"Hint {number}: {escaped(hint)}" for number, hint in enumerate(turn.hints, 1)])
    if turn.reply is None:
        yield "Skipped." if turn.skipped else "Not answered."
        return
    yield _quote(turn.reply.text)
    yield facts(turn)
    if turn.grade is None:
        yield "Not graded yet."
        return
    said = (turn.grade.note, *earlier(turn), *disputes(turn))
    yield from (escaped(sentence) for sentence in said if sentence)
    found = [*(_point(verdict, known) for verdict in turn.grade.verdicts), *(_held(held, known) for held in turn.grade.held)]
    if found:
        yield "\n".join(found)


def _point(verdict: PointVerdict, known: str) -> str:
    first = f"- {_verdict(verdict)} ({weight(verdict.point)}): {escaped(verdict.point.text)}"
    return "\n".join([first, *(f"  - {line}" for line in _evidence(verdict.said, verdict.taught, known))])


def _evidence(said: str, taught: Taught | None, known: str) -> Iterator[str]:
    if said:
        yield f"You said: “{escaped(said)}”"
    if taught:
        yield f"The material: “{escaped(taught.quote)}” ({escaped(place(taught, known))})"


def _held(held: Held, known: str) -> str:
    wrong = held.misconception
    lines = [f"✗ **misconception**: {escaped(wrong.text)}", *([f"Rather: {escaped(wrong.rather)}"] if wrong.rather else [])]
    return "- " + "\n  - ".join([*lines, *_evidence(held.said, held.taught, known)])


def _verdict(verdict: PointVerdict) -> str:
    return f"{SIGNS[verdict.verdict]} **{verdict.verdict}**"


def _reference(reference: Reference) -> str:
    url = web(reference.url)
    return f"Read: [{escaped(reference.title)}](<{url}>)" if url else f"Read: {escaped(reference.title)}"


def _quote(text: str) -> str:
    """A block quote with the text's own lines."""
    return "\n".join(f"> {escaped(line)}  " if line.strip() else ">" for line in clean(text).strip().split("\n"))


def _list(items: Sequence[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))
