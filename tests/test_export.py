"""What was missed becomes cards that Anki updates, and tables no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.export import BOM, Card, anki, cards, csv_text, history_csv
from coach.interview import Kind
from coach.report import Report, report
from tests.test_report import BANK, HOSTILE, NOW, TOPICS, Spoken, Tags, everywhere, graded, played, reported, said

FORMULAS = "=+-@\uff1d\uff0b\uff0d\uff20"
CARD = Card("Front?", "Back.", ("interview-coach",), "bank/tea.md", "g1")


def later(found: Report, days: int = 1) -> Report:
    return replace(found, began=found.began + timedelta(days=days))


def rows(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), delimiter=separator))


@contextmanager
def opened(package: bytes) -> Iterator[sqlite3.Connection]:
    """The collection inside an .apkg."""
    with zipfile.ZipFile(io.BytesIO(package)) as files, closing(sqlite3.connect(":memory:")) as collection:
        assert files.testzip() is None
        assert json.loads(files.read("media")) == {}
        collection.deserialize(files.read("collection.anki2"))
        yield collection


def test_each_missed_point_is_a_card_whose_front_does_not_tell_it() -> None:
    found = cards([reported(said("cmm"), said("cpc", "TE02"))])
    assert [card.front for card in found] == [
        "What about TE01?\nPoint 2 of 3 (expected): what is missing?",
        "What about TE01?\nPoint 3 of 3 (bonus): what is missing?",
    ]
    assert found[0].back == "TE01 says fact 2.\nIn other words: In short fact 2."
    assert found[0].source == "“Boiling water scalds the leaves.” (How is green tea brewed?; bank/tea.md, TE01)"
    assert found[0].tags == ("interview-coach", "tea", "mid", "missing")


def test_a_contradicted_point_shows_what_was_said_and_what_is_right() -> None:
    (card,) = cards([reported(Spoken(grades=(graded("cxc", said="Boil  it\nlong."),)))])
    assert card.front == "What about TE01?\nYou said: “Boil it long.” What is right instead?"
    assert card.back.startswith("TE01 says fact 2.")


def test_a_misconception_is_a_card_unless_its_words_have_one() -> None:
    (card,) = cards([reported(Spoken(grades=(graded("ccc", said="It is magic.", held=True),)))])
    assert card.front.endswith("You said: “It is magic.” What is right instead?")
    assert card.back == "Right is: it is not."
    assert len(cards([reported(Spoken(grades=(graded("ccx", said="It is magic.", held=True),)))])) == 1


def test_a_contradiction_without_words_is_still_asked_for() -> None:
    (card,) = cards([reported(Spoken(grades=(graded("cxc", said=""),)))])
    assert card.front.endswith("Point 2 of 3 (expected) came out wrong. What is right?")


def test_a_cue_from_outside_stands_on_the_front() -> None:
    (card,) = cards([reported(said("cmc"))], cue=lambda point, prompt: f"{point[-2:-1]} of {prompt[-5:-1]}")
    assert card.front.endswith("what is missing? It turns on: 2 of TE01.")


def test_the_last_interview_about_a_question_decides() -> None:
    first, second = reported(said("mmc"), said("mcc", "TE02")), later(reported(said("cmc"), Spoken("TE02", None)))
    assert [card.back[:17] for card in cards([second, first])] == ["TE01 says fact 2.", "TE02 says fact 1."]
    assert {card.guid for card in cards([second])} < {card.guid for card in cards([first])}


def test_cards_have_ids_of_their_own() -> None:
    found = cards([reported(said("mmm"), said("mmm", "TE02"), Spoken("SA01", grades=(graded("mmm", "SA01", held=True),)))])
    assert len({card.guid for card in found}) == len(found) == 10


def test_a_package_holds_every_card_in_its_place() -> None:
    found = cards([reported(said("mmm"), said("xcc", "TE02"))])
    with opened(anki(found, "Interviews", NOW)) as collection:
        notes = collection.execute("select guid, flds, tags from notes").fetchall()
        places = collection.execute("select due from cards order by id").fetchall()
        (decks,) = collection.execute("select decks from col").fetchone()
    assert [guid for guid, _, _ in notes] == [card.guid for card in found]
    assert notes[0][1].split("\x1f")[0] == "What about TE01?<br>Point 1 of 3 (essential): what is missing?"
    assert notes[0][2].split() == ["interview-coach", "tea", "mid", "missing"]
    assert places == [(1,), (2,), (3,), (4,)]
    assert "Interviews" in {deck["name"] for deck in json.loads(decks).values()}


def test_importing_again_updates_instead_of_doubling() -> None:
    def kept(package: bytes) -> tuple[list[str], set[str], set[str], int]:
        with opened(package) as collection:
            models, decks = collection.execute("select models, decks from col").fetchone()
            guids = [guid for (guid,) in collection.execute("select guid from notes")]
            (changed,) = collection.execute("select min(mod) from notes").fetchone()
        return guids, set(json.loads(models)), set(json.loads(decks)), changed

    first, again = (kept(anki([CARD], "Tea", at)) for at in (NOW, NOW + timedelta(days=1)))
    assert first[:3] == again[:3]
    assert first[3] < again[3]
    assert kept(anki([CARD], "Sailing", NOW))[2] != first[2]
    assert anki([CARD], "Tea", NOW) == anki([CARD], "Tea", NOW)


def test_a_package_leaves_nothing_behind_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    anki([CARD], "Tea", NOW)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", [*HOSTILE, "[sound:x.mp3] [latex]\\input{/etc/passwd}[/latex] {{c1::x}} \x1f"])
def test_no_field_holds_a_tag_or_a_command_that_somebody_wrote(text: str) -> None:
    hostile = [*cards([everywhere(text)]), Card(text, text, ("t",), text, "g")]
    with opened(anki(hostile, text, NOW)) as collection:
        found = [fields for (fields,) in collection.execute("select flds from notes")]
    for fields in found:
        assert fields.count("\x1f") == 2
        assert not set("[{") & set(fields)
        assert {tag for tag, _ in Tags(fields).found} <= {"br"}


def test_no_cards_are_a_package_too() -> None:
    with opened(anki([], "  ", NOW)) as collection:
        (decks,) = collection.execute("select decks from col").fetchone()
    assert "Interview Coach" in {deck["name"] for deck in json.loads(decks).values()}


def test_cards_as_a_table_have_a_line_each() -> None:
    found = cards([reported(said("cmm"))])
    text = csv_text(found)
    assert text.startswith(BOM)
    head, *lines = rows(text)
    assert head == ["front", "back", "tags", "source", "guid"]
    assert [line[-1] for line in lines] == [card.guid for card in found]
    assert lines[0][0] == "What about TE01? Point 2 of 3 (expected): what is missing?"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "  =1", "\u200b=1", "\uff1d1", "\x00=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    (line,) = rows(csv_text([replace(CARD, front=text)]))[1:]
    assert line[0].startswith("'")


@given(st.lists(st.text(st.sampled_from("=+-@;\"',\t\r\n aÄ😀\x00\uff1d"), max_size=12), min_size=3, max_size=3))
def test_no_cell_is_a_formula_wherever_a_spreadsheet_splits(texts: list[str]) -> None:
    front, back, source = texts
    text = csv_text([Card(front, back, (), source, "g")])
    assert len(rows(text)) == 2
    for separator in ",;":
        for cell in (cell for row in rows(text, separator) for cell in row):
            assert not cell.strip(" \"'").startswith(tuple(FORMULAS)) or cell.strip(' "').startswith("'")


def test_a_history_has_a_line_for_each_graded_question() -> None:
    first = reported(said("cmm", hints=1, seconds=75), Spoken("TE02", None), said("ccc", why=Kind.AGAIN, follows=0))
    head, *lines = rows(history_csv([later(reported(said("ccc", "SA01"))), first]))
    assert head == ["date", "topic", "question", "prompt", "score", "hints", "seconds", "grader"]
    assert lines == [
        ["2026-11-21", "Tea", "TE01", "What about TE01?", "2.0", "1", "75", "rubric 2 with all-MiniLM-L6-v2"],
        ["2026-11-22", "Sailing", "SA01", "What about SA01?", "5.0", "0", "60", "rubric 2 with all-MiniLM-L6-v2"],
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_history_survives_what_somebody_wrote(text: str) -> None:
    bank = {"TE01": replace(BANK["TE01"], topic=text, prompt=text)}
    (line,) = rows(history_csv([report(played(said("ccc")), bank, TOPICS, NOW)]))[1:]
    assert len(line) == 8
    assert not line[1].startswith(tuple(FORMULAS))
