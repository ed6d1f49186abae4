"""The past of a history: what is read, what is read again, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest

from coach.adapters.history import SqlHistory
from coach.interviewer import Interviewer
from coach.past import INTERVIEW, Reader
from coach.ports import History, Record
from tests.interviews import BEGAN, BOAT, GREEN, WEAK, held, interviewer
from tests.test_interviewer import on_green


class Counted:
    """A history that counts how often its records are read."""

    def __init__(self, history: SqlHistory) -> None:
        self._history = history
        self.read: list[str] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._history, name)

    def everything(self, kind: str) -> object:
        self.read.append(kind)
        return self._history.everything(kind)

    def records(self, stream: str) -> list[Record]:
        self.read.append(stream)
        return self._history.records(stream)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[SqlHistory]:
    with closing(SqlHistory.at(tmp_path / "history.db")) as history:
        yield history


@pytest.fixture
def coach(history: SqlHistory) -> Interviewer:
    return interviewer(history)


def copied(history: SqlHistory, id_: str) -> None:
    """The same interview once more, under another id."""
    stream, records = next(history.everything(INTERVIEW))
    history.begin(id_, INTERVIEW, stream.name, stream.began)
    for number, record in enumerate(records):
        history.append(id_, number, record)


def test_an_unchanged_past_is_read_once_and_a_changed_one_only_where_it_changed(history: SqlHistory, coach: Interviewer) -> None:
    begun = on_green(coach)
    copied(history, "i2")
    counted = Counted(history)
    reader = Reader(cast("History", counted))
    assert reader.past() is reader.past()
    assert counted.read == [INTERVIEW]
    coach.reply(begun, WEAK)
    assert [interview.id for _stream, interview in reader.past().sessions] == ["i1", "i2"]
    assert counted.read == [INTERVIEW, begun.id]
    assert reader.past().sessions[0][1] == coach.open(begun.id)


def test_what_is_deleted_or_renamed_is_gone_or_named_anew(history: SqlHistory, coach: Interviewer) -> None:
    on_green(coach)
    copied(history, "i2")
    coach.past()
    coach.delete("i1")
    coach.rename("i2", "Mine")
    assert [(stream.id, stream.name) for stream, _interview in coach.past().sessions] == [("i2", "Mine")]


def test_an_interview_that_cannot_be_read_is_left_out(history: SqlHistory, coach: Interviewer) -> None:
    on_green(coach)
    history.begin("odd", INTERVIEW, "Odd", BEGAN)
    history.append("odd", 0, Record("began", BEGAN, {"setup": "none"}))
    assert [interview.id for _stream, interview in coach.past().sessions] == ["i1"]


def test_a_result_says_what_was_earned_what_hints_cost_and_what_was_thought_of_it(coach: Interviewer) -> None:
    held(coach, "practice")
    first, last = coach.past().results
    assert (first.question_id, first.hints, first.rating, first.number) == (GREEN.id, 2, 0, 0)
    assert first.earned - first.score == 1
    assert first.at < last.at


def test_what_is_skipped_today_is_planned_from_tomorrow_on(coach: Interviewer) -> None:
    assert GREEN.id in coach.plan().today
    coach.skip(on_green(coach, only=(GREEN.id, BOAT.id)))
    plan = coach.plan()
    assert GREEN.id not in plan.today
    assert GREEN.id in plan.days[1].new
    assert BOAT.id in plan.today
