from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.adapters.history import SqlHistory
from coach.domain import Grade, Held, KeyPoint, Misconception, Mode, PointVerdict, Stamp, Taught, Verdict
from coach.errors import StorageError
from coach.interview import Asked, Began, Disputed, Event, Graded, Hinted, Interview, Kind, Replied, Setup, Step
from coach.ports import Record
from coach.records import event, record

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TIMES = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
# Any characters at all, half a surrogate pair among them.
TEXTS = st.text(max_size=20) | st.sampled_from(["\0", "\ud800", "😀 \u202e ' \" \\u0041", "</p><script>", "DROP TABLE records;"])
SCORES = st.none() | st.floats(0, 5)
TAUGHT = st.none() | st.builds(Taught, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS)
POINTS = st.builds(KeyPoint, TEXTS, st.integers(1, 3), st.lists(TEXTS, max_size=2).map(tuple))
VERDICTS = st.builds(PointVerdict, POINTS, st.sampled_from(Verdict), TEXTS, st.floats(0, 1), TAUGHT)
HELD = st.builds(Held, st.builds(Misconception, TEXTS, TEXTS), TEXTS, TAUGHT)
GRADES = st.builds(
    Grade,
    SCORES,
    st.lists(VERDICTS, max_size=2).map(tuple),
    st.lists(HELD, max_size=2).map(tuple),
    TEXTS,
    st.none() | st.builds(Stamp, st.sampled_from(Mode), TEXTS, TEXTS, TEXTS),
)
TURNS = st.integers(0, 60)
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Began, TIMES, st.builds(Setup, topics=st.lists(TEXTS, max_size=2).map(tuple), target=TEXTS)),
    st.builds(Asked, TIMES, TEXTS, TEXTS, st.sampled_from(Kind), st.none() | TURNS, st.none() | TURNS, st.none() | TURNS),
    st.builds(Hinted, TIMES, TEXTS),
    st.builds(Replied, TIMES, TEXTS, st.none() | st.integers(0, 5)),
    st.builds(Graded, TIMES, TURNS, GRADES),
    st.builds(Disputed, TIMES, TURNS, TURNS, TEXTS),
    *(st.builds(kind, TIMES) for kind in get_args(Event)[6:]),
)

# What the coach of November 2026 wrote. If this cannot be read any more, write a migration; do not change it.
WRITTEN = r"""
began {"setup": {"topics": ["tea"], "level": "mid", "questions": 2, "minutes": null, "real": false, "style": "probing",
 "picking": "weak and due", "target": "A tea house\n", "seconds": null, "seed": 7}}
asked {"question_id": "TE01", "prompt": "How is green tea brewed?", "why": "question", "follows": null, "point": null,
 "seconds": null}
paused {}
resumed {}
hinted {"hint": "A full answer makes 1 points, 1 of them essential."}
replied {"text": "Below boiling, \ud83d\ude00 I say.", "rating": 3}
graded {"turn": 0, "grade": {"score": 2.5, "verdicts": [{"point": {"text": "Green tea is brewed with water below boiling.",
 "weight": 3, "also_said": ["You let the kettle cool before pouring."]}, "verdict": "partial", "said": "Below boiling",
 "confidence": 0.5, "taught": {"passage_id": "p1", "source": "bank/tea.md", "place": "TE01",
 "heading": "How is green tea brewed?", "quote": "Boiling water scalds the leaves."}}], "held": [{"misconception":
 {"text": "Ten minutes.", "rather": "two."}, "said": "I say", "taught": null}], "note": "Second opinion differs.",
 "stamp": {"mode": "llm", "model": "small", "version": "1", "material": "0123456789ab"}}}
disputed {"turn": 0, "point": 0, "said": "Below boiling"}
graded {"turn": 0, "grade": {"score": null, "verdicts": [], "held": [], "note": "", "stamp": null}}
asked {"question_id": "TE01", "prompt": "What would you add?", "why": "follow-up", "follows": 0, "point": 0, "seconds": 120}
skipped {}
ended {}
"""


def written() -> list[Record]:
    lines = WRITTEN.strip().replace("\n ", " ").split("\n")
    return [Record(kind, AT, json.loads(data)) for kind, _, data in (line.partition(" ") for line in lines)]


@settings(deadline=None, max_examples=200)
@given(EVENTS)
def test_every_event_comes_back_from_json_as_it_went(one: Event) -> None:
    kept = record(one)
    assert (kept.kind, kept.at) == (one.kind, one.at)
    assert event(replace(kept, data=json.loads(json.dumps(kept.data, allow_nan=False)))) == one


@settings(deadline=None, max_examples=20)
@given(events=st.lists(EVENTS, min_size=1, max_size=8))
def test_every_event_comes_back_from_a_file_as_it_went(events: list[Event], tmp_path_factory: pytest.TempPathFactory) -> None:
    history = SqlHistory.at(tmp_path_factory.mktemp("records") / "history.db")
    history.begin("i1", "interview", "One", AT)
    for number, one in enumerate(events):
        history.append("i1", number, record(one))
    assert [event(kept) for kept in history.records("i1")] == events
    history.close()


def test_every_kind_of_event_has_a_name_of_its_own() -> None:
    names = [kind.__dataclass_fields__["kind"].default for kind in get_args(Event)]
    assert sorted(set(names)) == sorted(names)
    assert {kept.kind for kept in written()} == set(names)


def test_what_was_written_in_november_2026_can_be_read() -> None:
    interview = Interview.from_events("i1", tuple(event(kept) for kept in written()))
    turn = interview.turns[0]
    assert (interview.step, interview.events, interview.setup.target) == (Step.OVER, 12, "A tea house\n")
    assert turn.reply
    assert (turn.reply.text, turn.reply.rating) == ("Below boiling, 😀 I say.", 3)
    assert turn.grades[0].verdicts[0].taught
    assert turn.grades[0].stamp == Stamp(Mode.LLM, "small", "1", "0123456789ab")
    assert interview.turns[1].asked == Asked(AT, "TE01", "What would you add?", Kind.FOLLOW_UP, 0, 0, 120)


def holds(new: object, old: object) -> bool:
    """Whether new JSON has all that is in the old."""
    if isinstance(new, dict) and isinstance(old, dict):
        return all(key in new and holds(new[key], value) for key, value in old.items())
    if isinstance(new, list) and isinstance(old, list):
        return len(new) == len(old) and all(map(holds, new, old))
    return new == old


def test_nothing_that_was_written_in_november_2026_is_overlooked() -> None:
    for kept in written():
        assert holds(record(event(kept)).data, kept.data)


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        ("sung", {}, "'sung'"),
        ("", {}, "''"),
        ("replied", {}, "text"),
        ("replied", {"text": None}, "text"),
        ("replied", {"text": "So.", "rating": 6}, "from 0 to 5"),
        ("graded", {"turn": 0, "grade": {"score": 5.5}}, "from 0 to 5"),
        ("graded", {"turn": 0, "grade": {"score": float("nan")}}, "from 0 to 5"),
        ("graded", {"turn": "first", "grade": {"score": 5}}, "turn"),
        ("graded", {"turn": 0, "grade": {"score": 5, "verdicts": [{"verdict": "perfect"}]}}, "verdicts"),
        ("began", {"setup": {"level": "principal"}}, "level"),
        ("hinted", ["Think."], "hint"),
        ("hinted", "Think.", "hint"),
        ("hinted", None, "hint"),
    ],
)
def test_a_record_that_is_none_of_ours_is_told_with_its_kind_and_a_cure(kind: str, data: object, told: str) -> None:
    with pytest.raises(StorageError, match=told) as caught:
        event(Record(kind, AT, data))  # type: ignore[arg-type]
    assert repr(kind) in str(caught.value)
    assert "Update the coach, or delete that session." in str(caught.value)


def test_a_time_that_stands_in_the_data_does_not_count() -> None:
    kept = Record("hinted", AT, {"hint": "Think.", "at": "1999-01-01T00:00:00Z", "kind": "ended"})
    assert event(kept) == Hinted(AT, "Think.")
