"""An interview is reported as it was, on paper too, and nothing in it is more than words."""

from __future__ import annotations

import html as stdlib_html
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coach.domain import (
    Grade,
    Held,
    KeyPoint,
    Level,
    Misconception,
    Mode,
    PointVerdict,
    Question,
    Reference,
    Stamp,
    Taught,
    Verdict,
)
from coach.errors import BadInput
from coach.grade import TOO_LITTLE
from coach.grade import score as worth
from coach.interview import (
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
)
from coach.render import as_json, escaped, html, markdown
from coach.report import NO_TOPIC, Outcome, Report, report
from coach.text import clean

BEGAN = datetime(2026, 11, 21, 9, tzinfo=UTC)
NOW = BEGAN + timedelta(days=1)
RUBRIC = Stamp(Mode.RUBRIC, "all-MiniLM-L6-v2", "2", "a1")
MODEL = Stamp(Mode.LLM, "qwen3", "1", "a1")
TOPICS = {"tea": "Tea", "sailing": "Sailing"}
TAUGHT = Taught("p1", "bank/tea.md", "TE01", "How is green tea brewed?", "Boiling water scalds the leaves.")
LETTERS = {"c": Verdict.COVERED, "p": Verdict.PARTIAL, "m": Verdict.MISSING, "x": Verdict.CONTRADICTED}
QUICK = settings(deadline=None, max_examples=60)


def question(id_: str, topic: str, weights: tuple[int, ...] = (3, 2, 1)) -> Question:
    points = tuple(KeyPoint(f"{id_} says fact {n}.", weight, (f"In short fact {n}.",)) for n, weight in enumerate(weights, 1))
    wrong = Misconception(f"{id_} is magic.", "it is not.")
    reference = Reference("A paper", "https://arxiv.org/abs/2005.11401", "why")
    return Question(id_, topic, Level.MID, f"What about {id_}?", (), "", points, (wrong,), (), (reference,), at=f"{topic}.md:5")


BANK = {one.id: one for one in (question("TE01", "tea"), question("TE02", "tea"), question("SA01", "sailing"))}


def graded(letters: str, id_: str = "TE01", stamp: Stamp = RUBRIC, said: str = "Quite so.", held: bool = False) -> Grade:
    """A grade with one verdict a letter: c(overed), p(artial), m(issing), x for contradicted."""
    verdicts = tuple(
        PointVerdict(point, LETTERS[letter], "" if letter == "m" else said, 0.9, TAUGHT)
        for point, letter in zip(BANK[id_].key_points, letters, strict=True)
    )
    held_ = (Held(BANK[id_].misconceptions[0], said, TAUGHT),) if held else ()
    return Grade(worth(verdicts, len(held_)), verdicts, held_, stamp=stamp)


UNGRADED = Grade(None, note=TOO_LITTLE, stamp=RUBRIC)


@dataclass(frozen=True)
class Spoken:
    """A turn to be played; without a reply it is skipped, without grades left so."""

    id: str = "TE01"
    reply: str | None = "Cool water, two minutes."
    grades: tuple[Grade, ...] = ()
    rating: int | None = None
    hints: int = 0
    seconds: int = 60
    clock: int | None = None
    why: Kind = Kind.QUESTION
    follows: int | None = None
    point: int | None = None
    disputed: str = ""


def said(letters: str, id_: str = "TE01", **more: object) -> Spoken:
    return replace(Spoken(id_, grades=(graded(letters, id_),)), **more)  # type: ignore[arg-type]


def played(*turns: Spoken, setup: Setup = Setup(), ends: bool = True) -> Interview:  # noqa: B008 frozen
    at = BEGAN
    events: list[Event] = [Began(at, setup)]
    for number, one in enumerate(turns):
        prompt = BANK[one.id].prompt if one.id in BANK else "What was that?"
        events.append(Asked(at, one.id, prompt, one.why, one.follows, one.point, one.clock))
        events += [Hinted(at, f"Hint {hint}") for hint in range(one.hints)]
        at += timedelta(seconds=one.seconds)
        events.append(Skipped(at) if one.reply is None else Replied(at, one.reply, one.rating))
        events += [Graded(at, number, grade) for grade in one.grades]
        events += [Disputed(at, number, 1, one.disputed)] if one.disputed else []
    return Interview.from_events("i1", (*events, *([Ended(at)] if ends else [])))


def reported(*turns: Spoken, setup: Setup = Setup(), ends: bool = True) -> Report:  # noqa: B008 frozen
    return report(played(*turns, setup=setup, ends=ends), BANK, TOPICS, NOW)


def test_the_overall_score_is_the_mean_of_the_questions_after_hints() -> None:
    found = reported(said("ccc"), said("cmm", "TE02", hints=1))
    assert found.overall.score == pytest.approx((5 + 2.5 - 0.5) / 2)
    assert (found.overall.hints, found.overall.cost) == (1, 0.5)


def test_follow_ups_and_retries_are_shown_and_not_averaged_in() -> None:
    found = reported(
        said("mmm"),
        said("cmm", why=Kind.FOLLOW_UP, follows=0),
        said("ccc", why=Kind.AGAIN, follows=1),
        said("ccc", "SA01"),
        said("ccc", why=Kind.AGAIN, follows=0),
    )
    assert found.overall.score == pytest.approx(2.5)
    assert [len(one.turns) for one in found.questions] == [4, 1]


def test_what_was_skipped_or_not_graded_is_counted_and_never_a_zero() -> None:
    found = reported(said("ccc"), Spoken("TE02", None), Spoken("SA01", "Hm.", (UNGRADED,)))
    assert found.overall.score == 5
    assert [one.outcome for one in found.questions] == [Outcome.GRADED, Outcome.SKIPPED, Outcome.UNGRADED]
    assert "Not in it: 1 skipped, 1 not graded." in markdown(found)


def test_without_a_grade_there_is_a_reason_instead_of_a_score() -> None:
    found = reported(Spoken(reply=None), Spoken("TE02", None), Spoken("SA01", "Hm.", (UNGRADED,)))
    assert found.overall.score is None
    assert found.overall.reason == "Nothing could be graded: 2 skipped, 1 not graded."
    assert reported().overall.reason == "No question was asked."
    assert "<small>of 5</small>" in html(reported())


def test_a_question_left_open_is_not_answered() -> None:
    interview = Interview.from_events("i1", (Began(BEGAN, Setup()), Asked(BEGAN, "TE01", "What?"), Ended(BEGAN)))
    found = report(interview, BANK, TOPICS, NOW)
    assert found.questions[0].outcome is Outcome.UNANSWERED
    assert "Not answered." in markdown(found)


def test_topics_come_in_turn_with_their_share_of_the_weight() -> None:
    found = reported(said("cpx"), said("mmm", "SA01"), said("ccc", "TE02"))
    assert [(topic.title, topic.tally.asked) for topic in found.topics] == [("Tea", 2), ("Sailing", 1)]
    assert found.topics[0].tally.shares == {
        Verdict.COVERED: pytest.approx(9 / 12),
        Verdict.PARTIAL: pytest.approx(2 / 12),
        Verdict.MISSING: 0,
        Verdict.CONTRADICTED: pytest.approx(1 / 12),
    }


def test_a_question_that_has_left_the_bank_is_reported_as_it_was_asked() -> None:
    found = reported(Spoken("OLD1", None))
    assert (found.questions[0].prompt, found.questions[0].title) == ("What was that?", NO_TOPIC)
    assert NO_TOPIC in html(found)


def test_pacing_counts_replies_without_pauses_and_the_late_ones() -> None:
    found = reported(said("ccc", seconds=61, clock=60), said("ccc", "TE02", seconds=59, clock=60), Spoken("SA01", None))
    assert (found.pacing.answering, found.pacing.timed, found.pacing.late, found.pacing.total) == (120, 2, 1, 180)
    assert "1:01 of 1:00, late" in markdown(found)


def test_a_pause_takes_no_time() -> None:
    at = [BEGAN + timedelta(seconds=seconds) for seconds in (0, 10, 3610, 3630)]
    began = (Began(at[0], Setup(minutes=10)), Asked(at[0], "TE01", "What?"))
    events = (*began, Paused(at[1]), Resumed(at[2]), Replied(at[3], "So."), Ended(at[3]))
    pacing = report(Interview.from_events("i1", events), BANK, TOPICS, NOW).pacing
    assert (pacing.total, pacing.answering, pacing.limit) == (30, 30, 600)


@pytest.mark.parametrize(
    ("ratings", "sentence"),
    [
        ((), "No reply was both rated by you and graded."),
        ((5, 5), "Too few self-ratings to say how well they fit: 2, and it takes 3."),
        ((5, 5, 5), "Over-confident: on average you rated yourself 2.5 above the grade."),
        ((0, 0, 1), "Under-confident: on average you rated yourself 2.2 below the grade."),
        ((0, 5, 3, 2), "Too high about as often as too low: on average a rating misses the grade by 1.5."),
        ((3, 2, 3), "Your ratings fit: on average they are 0.5 from the grade."),
    ],
)
def test_confidence_is_judged_from_three_ratings_on(ratings: tuple[int, ...], sentence: str) -> None:
    found = reported(*(said("cmm", rating=rating) for rating in ratings))
    assert found.calibration.sentence == sentence


def test_a_rating_is_held_against_the_grade_before_hints_and_not_on_a_retry() -> None:
    found = reported(said("cmm", hints=2, rating=3), said("ccc", why=Kind.AGAIN, follows=0, rating=5))
    assert [(pair.rating, pair.score) for pair in found.calibration.pairs] == [(3, 2.5)]


def test_two_graders_are_said_to_be_two() -> None:
    other = replace(graded("ccc", "TE02"), stamp=MODEL)
    found = reported(said("ccc"), Spoken("TE02", grades=(other,)), said("ccc", "SA01"))
    assert [(use.grader, use.replies) for use in found.graders] == [(RUBRIC.grader, 2), (MODEL.grader, 1)]
    assert found.grader_note.startswith("2 graders graded here.")
    assert not reported(said("ccc")).grader_note


def test_a_regraded_turn_shows_both_grades_and_what_moved() -> None:
    found = reported(Spoken(grades=(graded("cmm"), graded("ccm", stamp=MODEL)), disputed="two minutes"))
    assert found.overall.score == pytest.approx(5 * 5 / 6)
    for shown in (markdown(found), stdlib_html.unescape(html(found))):
        assert f"Graded 2.5 before by {RUBRIC.grader}; “TE01 says fact 2.” was missing and is covered." in shown
        assert "You disputed “TE01 says fact 2.”: “two minutes”" in shown


def test_to_study_is_the_heaviest_of_each_question_and_the_contradicted_before_the_missing() -> None:
    found = reported(said("mxm"), said("xmc", "TE02"), said("ccx", "SA01"))
    assert [study.point.verdict.point.text for study in found.study] == [
        "TE02 says fact 1.",
        "TE01 says fact 1.",
        "SA01 says fact 3.",
    ]


def test_with_one_question_all_three_to_study_come_from_it() -> None:
    found = reported(said("mmx"))
    assert [study.point.number for study in found.study] == [1, 2, 3]
    assert not reported(said("ccp")).study


def test_what_a_follow_up_puts_right_needs_no_study_and_what_it_leaves_out_stays() -> None:
    one = replace(graded("cmm"), verdicts=graded("cmm").verdicts[:1])
    found = reported(said("xcm"), Spoken(grades=(one,), why=Kind.FOLLOW_UP, follows=0, point=0))
    assert [point.verdict.verdict for point in found.questions[0].points] == [
        Verdict.COVERED,
        Verdict.COVERED,
        Verdict.MISSING,
    ]
    assert [study.point.number for study in found.study] == [3]


def test_every_verdict_is_told_by_sign_and_word_with_both_citations() -> None:
    found = reported(Spoken(grades=(graded("cpx", held=True),)))
    texts = (re.sub(r"[*]|<[^>]+>", "", shown) for shown in (markdown(found), stdlib_html.unescape(html(found))))
    for text in texts:
        for sign in ("✓ covered", "◐ partial", "✗ contradicted", "✗ misconception", "○ missing"):
            assert sign in text
        assert "“Quite so.”" in text
        assert "“Boiling water scalds the leaves.” (How is green tea brewed?; bank/tea.md, TE01)" in text
        assert "it is not." in text


def test_times_are_shown_where_the_reader_is() -> None:
    tokyo = timezone(timedelta(hours=9))
    found = report(played(said("ccc")), BANK, TOPICS, NOW.astimezone(tokyo))
    assert "2026-11-21 18:00 to 18:01 UTC+09:00" in markdown(found)
    with pytest.raises(BadInput, match="without a time zone"):
        report(played(), BANK, TOPICS, NOW.replace(tzinfo=None))


def test_an_interview_that_goes_on_can_be_reported() -> None:
    found = reported(said("ccc"), ends=False)
    assert found.ended is None
    assert "still open" in html(found)


OUTCOMES = st.one_of(
    st.text("cpmx", min_size=3, max_size=3).map(lambda letters: (letters,)),
    st.just((UNGRADED,)),
    st.none(),
)


@st.composite
def interviews(draw: st.DrawFn) -> Interview:
    turns: list[Spoken] = []
    for number in range(draw(st.integers(0, 8))):
        id_, outcome = draw(st.sampled_from(sorted(BANK))), draw(OUTCOMES)
        grades = tuple(graded(grade, id_) if isinstance(grade, str) else grade for grade in outcome or ())
        why = draw(st.sampled_from(Kind)) if number else Kind.QUESTION
        follows = None if why is Kind.QUESTION else draw(st.one_of(st.none(), st.integers(-1, number + 1)))
        rating = draw(st.one_of(st.none(), st.integers(0, 5)))
        reply = None if outcome is None else "So it is."
        turns.append(Spoken(id_, reply, grades, rating, draw(st.integers(0, 3)), why=why, follows=follows))
    return played(*turns)


@QUICK
@given(interviews())
def test_the_mean_lies_between_its_scores_and_all_counts_add_up(interview: Interview) -> None:
    found = report(interview, BANK, TOPICS, NOW)
    scores = [one.score for one in found.questions if one.score is not None]
    if found.overall.score is None:
        assert not scores
        assert found.overall.reason
    else:
        assert min(scores) - 1e-9 <= found.overall.score <= max(scores) + 1e-9
    assert len(found.questions) == interview.asked
    for tally in (found.overall, *(topic.tally for topic in found.topics)):
        assert tally.asked == tally.graded + tally.ungraded + tally.skipped + tally.unanswered
        assert sum(tally.shares.values()) == pytest.approx(1) or not any(tally.shares.values())
    assert sum(topic.tally.asked for topic in found.topics) == found.overall.asked
    assert sum(topic.tally.hints for topic in found.topics) == found.overall.hints


@QUICK
@given(interviews())
def test_no_turn_is_lost_and_only_what_is_missed_is_to_be_studied(interview: Interview) -> None:
    found = report(interview, BANK, TOPICS, NOW)
    assert sorted(t.asked.at for one in found.questions for t in one.turns) == [t.asked.at for t in interview.turns]
    assert all(study.point.missed for study in found.study)
    missed = {one.id for one in found.questions if any(point.missed for point in one.points)}
    studied = {study.question_id for study in found.study}
    assert studied <= {one.id for one in found.questions}
    assert len(studied) <= min(3, len(missed))


@QUICK
@given(interviews())
def test_every_report_can_be_written_in_every_form(interview: Interview) -> None:
    found = report(interview, BANK, TOPICS, NOW)
    assert markdown(found).startswith("# Interview report\n")
    assert html(found).rstrip().endswith("</html>")
    assert json.loads(json.dumps(as_json(found), allow_nan=False)) == as_json(found)


def test_the_names_in_the_json_are_a_promise() -> None:
    plain = as_json(reported(said("cpx")))
    assert plain["format"] == 1
    assert list(plain) == [
        "format", "id", "began", "ended", "made", "setup", "chosen", "overall", "study", "topics", "questions", "pacing",
        "calibration", "graders", "grader_note",
    ]  # fmt: skip
    row = plain["questions"][0]  # type: ignore[index]
    assert list(row) == [
        "number", "id", "topic", "title", "level", "prompt", "at", "references", "turns", "outcome", "score", "points", "held",
    ]  # fmt: skip
    assert list(row["turns"][0]) == [
        "asked", "hints", "reply", "skipped", "grades", "disputes", "away", "score", "seconds", "late",
    ]  # fmt: skip
    assert plain["overall"]["shares"] == {"covered": 0.5, "partial": 1 / 3, "missing": 0, "contradicted": 1 / 6}  # type: ignore[index]


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=https://evil.example/x onerror=alert(1)>",
    "</p></body></html><h1>You passed</h1>",
    "![beacon](https://evil.example/x.png) [click](https://evil.example) <https://evil.example>",
    "www.evil.example https://evil.example a@evil.example [ref]: https://evil.example",
    "{{ 7 * 7 }} {% include '/etc/passwd' %} {# #}",
    "`code` **bold** _em_ ~~gone~~ $\\rule{9em}{9em}$ | a | b | :red[error] &lt;b&gt; \\",
    "# root\n## Score 5\n===\n---\n> quote\n- item\n1. item\n+ item\n\n    code\n```mermaid\ngraph\n```\n<div>\n\ttab",
    'a" onmouseover="alert(1)',
    "\x00\x1b[31m\u202enull\ud800 👩‍🚀 😀",
    "=1+1",
    "word " * 10_000,
]


def everywhere(text: str) -> Report:
    """A report with `text` wherever a candidate or a model can write."""
    grade = graded("cpx", said=text, held=True)
    taught = Taught(text, text, text, text, text)
    grade = replace(grade, note=text, verdicts=tuple(replace(verdict, taught=taught) for verdict in grade.verdicts))
    stamped = replace(grade, stamp=Stamp(Mode.LLM, text, "1", "m"))
    first = Spoken(reply=text, grades=(graded("mmm"), stamped), hints=1, disputed=text)
    interview = played(first, Spoken("OLD", text, (stamped,)), setup=Setup(target=text, topics=(text,)))
    first_turn, last_turn = interview.turns
    follow_up = replace(last_turn, asked=replace(last_turn.asked, prompt=text, why=Kind.FOLLOW_UP, follows=0))
    return report(replace(interview, turns=(replace(first_turn, hints=(text,)), follow_up)), BANK, TOPICS, NOW)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_json_keeps_every_word_and_any_reader_takes_it(text: str) -> None:
    plain = as_json(everywhere(text))
    assert json.loads(json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()) == plain
    assert plain["setup"]["target"] == text.replace("\ud800", "?")  # type: ignore[index]


class Tags(HTMLParser):
    """Which tags and attributes a page has, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.links: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))
        self.links |= {value or "" for name, value in attrs if name in {"href", "src", "srcset", "action"}}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_no_tag_in_the_html_comes_from_what_somebody_wrote(text: str) -> None:
    page, harmless = Tags(html(everywhere(text))), Tags(html(everywhere("Nothing special.")))
    assert page.found == harmless.found
    assert page.links == {"https://arxiv.org/abs/2005.11401"}
    assert clean(text).strip() in page.text


def test_the_html_is_one_file_that_loads_and_runs_nothing() -> None:
    page = html(everywhere("Nothing special."))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert not {tag for tag, _ in Tags(page).found} & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert not re.search(r"url\(|@import|\son\w+=|javascript:", page)


def test_a_reference_that_is_no_web_address_is_no_link() -> None:
    bad = replace(BANK["TE01"], references=(Reference("A paper", "javascript:alert(1)", ""),))
    found = report(played(said("mmm")), {"TE01": bad}, TOPICS, NOW)
    assert "A paper" in html(found)
    assert "javascript:" not in html(found) + markdown(found)


def kinds(document: str) -> Counter[str]:
    """How often each kind of thing stands in a Markdown document; lines of text do not count."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(document)
    parts = [part for token in tokens for part in (token, *(token.children or ()))]
    return Counter(part.type for part in parts if part.type not in {"text", "text_special", "softbreak", "hardbreak"})


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_the_markdown_is_structure_but_ours(text: str) -> None:
    paragraphs = len(re.split(r"\n\s*\n", clean(text).strip()))
    harmless = "\n\n".join(["Nothing special."] * paragraphs)
    assert kinds(markdown(everywhere(text))) == kinds(markdown(everywhere(harmless)))


@given(st.text(alphabet=st.one_of(st.sampled_from("![]()<>:$`#\\ab/x~|*_={}&;+-.1)@^\"'\n\t "), st.characters()), max_size=60))
def test_escaped_text_reads_exactly_as_it_was_typed(text: str) -> None:
    shown = MarkdownIt("commonmark").enable("strikethrough").render(escaped(text)).strip()
    line = " ".join(clean(text).split())
    assert stdlib_html.unescape(shown) == (f"<p>{line}</p>" if line else "")


def test_the_candidate_s_lines_stay_lines() -> None:
    found = reported(said("ccc", reply="One.\n\n  - two\nThree."))
    assert "> One.  \n>\n> \\- two  \n> Three." in markdown(found)
    assert "One.\n\n  - two\nThree." in html(found)
