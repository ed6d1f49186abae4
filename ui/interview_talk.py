"""An interview is held in a terminal or through a pipe: asked, answered, read, left and reported. No rule lives here."""

from __future__ import annotations

from collections.abc import Sequence

from coach.domain import Verdict
from coach.errors import BadMove
from coach.feedback import Told
from coach.interview import HINT_COSTS, Interview, Kind, Step, Turn
from coach.interviewer import Interviewer, titles
from coach.render import SIGNS, disputes, earlier, habits, outcome, score, spent, summary, time
from coach.report import Report, Study, place, report, weight
from ui.console import out, say, waiting
from ui.interview_words import RATINGS, SURE, UNGRADABLE, arithmetic, how_far, overall, parts, seconds_left, teaching, ungradable
from ui.typed import Lines, Typed, command, typed

HELP = f"""\
An empty line or Ctrl-D hands in what you typed. On a line of its own:
:hint   points to what you have not said yet; takes {HINT_COSTS} off the score (practice only)
:skip   leaves the question, or the follow-up
:clear  throws away what you typed for this question
:pause  leaves; nothing is lost, and coach interview --resume goes on
:end    ends it for good; what you answered is graded
:again  after the feedback: the same question once more
:quit   like :pause, and so is Ctrl-C"""
_RATE = f"How sure are you? {', '.join(f'{rating} {word.lower()}' for rating, word in RATINGS.items())}; Enter skips: "
_READ = "Enter goes on, :again asks the same once more, :help lists the rest: "
_STYLES = {Verdict.COVERED: "green", Verdict.PARTIAL: "yellow", Verdict.MISSING: "", Verdict.CONTRADICTED: "red"}


def hold(interviewer: Interviewer, interview: Interview, lines: Lines) -> Interview:
    """The interview when it is over, or paused. Raises KeyboardInterrupt, and then what was typed is kept."""
    if lines.live:
        say("An empty line hands in an answer; :help lists what else you can type.", "dim")
    shown = None
    while interview.step not in {Step.OVER, Step.PAUSED}:
        match interview.step:
            case Step.REPLY:
                if shown != len(interview.turns):
                    _asked(interviewer, interview)
                shown = len(interview.turns)
                interview = _answered(interviewer, interview, lines)
            case Step.READ:
                say_turn(interviewer, interview.turns[-1])
                interview = _went_on(interviewer, interview, lines)
            case _:
                with waiting("Your answers are kept. Grading ..." if interview.ungraded else "Choosing a question ..."):
                    interview = interviewer.go_on(interview)
    return interview


def leave(interviewer: Interviewer, id_: str) -> None:
    """Pause an interview that was interrupted, if it can still be paused."""
    interview = interviewer.open(id_)
    if interview.step is not Step.PAUSED and not interview.ended:
        interviewer.pause(interview)


# While a question is open.


def _asked(interviewer: Interviewer, interview: Interview) -> None:
    turn = interview.turns[-1]
    out.print()
    about = [how_far(interviewer, interview), overall(interview, interviewer.now())]
    if turn.asked.seconds:
        about.append(f"{time(seconds_left(turn, interviewer.now()))} for this question")
    say(" · ".join(filter(None, about)), "dim")
    say(turn.asked.prompt, "bold")
    if ungradable(interviewer, turn):
        say(UNGRADABLE, "dim")
    for number in range(len(turn.hints)):
        _hint(turn, number)
    draft = interviewer.draft(interview)
    if draft:
        say("You had typed, and go on from there (:clear to start anew):", "dim")
        say(draft, indent=2)


def _hint(turn: Turn, number: int) -> None:
    say(f"Hint {number + 1} (takes {HINT_COSTS} off): {turn.hints[number]}", "cyan")


def _answered(interviewer: Interviewer, interview: Interview, lines: Lines) -> Interview:
    """The interview after what was typed next. The draft is on disk whatever that was."""
    turn = interview.turns[-1]

    def prompt() -> str:
        if not turn.asked.seconds:
            return "> "
        left = seconds_left(turn, interviewer.now())
        return f"{time(left)} > " if left > 0 else f"late {time(-left)} > "

    got = typed(lines, interviewer.draft(interview), prompt, _RATE, lambda text: interviewer.keep_draft(interview, text))
    interviewer.keep_draft(interview, got.text)
    if not got.command:
        return interviewer.reply(interview, got.text, got.rating)
    return _told_to(interviewer, interview, got)


def _told_to(interviewer: Interviewer, interview: Interview, got: Typed) -> Interview:
    match got.command:
        case "hint":
            return _hinted(interviewer, interview, got.text)
        case "skip":
            return interviewer.skip(interview)
        case "clear":
            interviewer.keep_draft(interview, "")
            say("Start anew.", "dim")
        case said:
            return _left(interviewer, interview, said)
    return interview


def _hinted(interviewer: Interviewer, interview: Interview, draft: str) -> Interview:
    try:
        after = interviewer.hint(interview, draft)
    except BadMove as error:
        say(str(error), "yellow")
        return interview
    _hint(after.turns[-1], len(after.turns[-1].hints) - 1)
    return after


def _left(interviewer: Interviewer, interview: Interview, said: str) -> Interview:
    """What can be said at any time."""
    match said:
        case "pause":
            return interviewer.pause(interview)
        case "quit":
            raise KeyboardInterrupt
        case "end":
            return interviewer.end(interview)
        case "help":
            say(HELP)
        case _:
            say(f"There is no command :{said} here. :help lists them.", "yellow")
    return interview


# Once it is graded.


def _went_on(interviewer: Interviewer, interview: Interview, lines: Lines) -> Interview:
    """The next thing asked. A pipe does not read, so nothing waits for it."""
    while lines.live and interview.step is Step.READ:
        line = lines.next(_READ)
        said = "pause" if line is None else command(line)
        if said == "again":
            return interviewer.again(interview)
        if said == "skip":
            return interviewer.next(interview)
        if not said:
            break
        interview = _left(interviewer, interview, said)
    if interview.step is not Step.READ:
        return interview
    return interviewer.follow_up(interview) if interviewer.can_follow_up(interview) else interviewer.next(interview)


def say_turn(interviewer: Interviewer, turn: Turn) -> None:
    """A graded turn: its score, each point by sign and word with the words that decided it, and what to say instead."""
    out.print()
    if turn.reply is None or turn.grade is None:
        say("Skipped." if turn.skipped else "Not graded yet." if turn.reply else "Not answered.", "dim")
        return
    told, known = interviewer.feedback(turn), interviewer.questions.get(turn.asked.question_id)
    # A follow-up is about one point, so a score of 5 would mislead.
    shown = "Follow-up" if turn.asked.why is Kind.FOLLOW_UP else f"{score(turn.score)} of 5"
    say(f"{shown} · {spent(turn)}", "bold")
    for remark in (" ".join(arithmetic(turn, turn.grade)), *disputes(turn), turn.grade.note, *earlier(turn)):
        if remark:
            say(remark, "dim")
    for head, part in parts(told).items():
        say(f"{head}:")
        for one in part:
            _point(one, known.prompt if known else "")
    if told.differently:
        say(f"Say it differently. {told.differently}", "bold")


def _point(one: Told, known: str) -> None:
    unsure = "" if one.confidence >= SURE else ", not sure"
    heavy = f" ({weight(one.point)})" if one.point else ""
    say(f"{SIGNS[one.verdict]} {one.verdict}{unsure}: {one.text}{heavy}", _STYLES[one.verdict], indent=2)
    if one.quote:
        say(f"You said: “{' '.join(one.quote.split())}”", indent=4)
    if one.taught and one.verdict is not Verdict.COVERED:
        quote = teaching(one.taught)
        say(f"The material{f': “{quote}”' if quote else ''} ({place(one.taught, known)})", indent=4)


# At the end.


def say_report(interviewer: Interviewer, interview: Interview) -> Report:
    """What it came to. A real interview is silent until now, so each of its answers comes first."""
    made = report(interview, interviewer.questions, titles(interviewer.topics), interviewer.now())
    if interview.setup.real:
        for number, turn in enumerate(interview.turns, 1):
            out.print()
            say(f"{number}. {turn.asked.prompt}", "bold")
            if turn.reply:
                say(turn.reply.text, indent=2)
            say_turn(interviewer, turn)
    out.print()
    say(f"Report: {score(made.overall.score)} of 5", "bold")
    say(summary(made.overall), "dim")
    for question in made.questions:
        say(f"{outcome(question):>4}  {question.id}  {question.prompt}", indent=2)
    _study(made.study)
    say(" ".join(habits(made)))
    return made


def _study(found: Sequence[Study]) -> None:
    if found:
        say("Study these next:")
    for number, study in enumerate(found, 1):
        verdict = study.point.verdict
        say(f"{number}. {verdict.point.text} ({SIGNS[verdict.verdict]} {verdict.verdict}, {study.question_id})", indent=2)
