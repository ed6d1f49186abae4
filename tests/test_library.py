"""What lies beside the bank answers where the bank does not, and supports it where it does; the bank is never changed by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from coach.adapters.index_edge import EdgeStore
from coach.domain import AnswerKind, Origin
from coach.library import WHOSE, Library
from coach.refuse import library_calibration_for
from coach.service import Coach
from ingest.document import Document, Section
from ingest.nodes import entries_of
from ingest.run import ingest, plan

CITED = "https://arxiv.org/abs/2005.11401"
PAGE = "Green tea is brewed with water well below boiling, at 70 to 80 degrees. Hotter water makes the cup bitter."
NOTES = "The interview at Harbor Robotics begins on Tuesday at nine. The panel asks about gripper calibration first."


def document(source: str, text: str, origin: Origin, as_of: str = "") -> Document:
    return Document(source, f"About {source}", origin, (Section(("A part",), text, "#part"),), as_of=as_of)


def beside(coach: Coach, folder: Path, *documents: Document) -> Coach:
    """The coach with these documents in its library."""
    store = EdgeStore(folder / "library")
    ingest(
        plan(entries_of(documents), store, coach.embedder),
        store,
        coach.embedder,
        coach.lexicon,
        "",
        datetime(2026, 11, 21, tzinfo=UTC),
    )
    calibration = library_calibration_for(coach.embedder.id.name)
    return replace(coach, library=Library(store.open(), calibration, coach.lexicon, coach.english))


def test_the_page_that_an_answer_cites_stands_beside_it(small_coach: Coach, tmp_path: Path) -> None:
    with_page = beside(small_coach, tmp_path, document(CITED, PAGE, Origin.PAGE, "2026-11-20"))
    answer = with_page.ask("How is green tea brewed?")
    (citation,) = answer.further
    assert citation.quote in PAGE
    assert (citation.passage.source, citation.passage.as_of) == (CITED, "2026-11-20")


def test_the_bank_s_answer_is_the_same_with_and_without_a_library(small_coach: Coach, tmp_path: Path) -> None:
    question = "How is green tea brewed?"
    with_page = beside(small_coach, tmp_path, document(CITED, PAGE, Origin.PAGE))
    assert replace(with_page.ask(question), further=()) == small_coach.ask(question)


def test_what_only_the_notes_say_is_answered_from_them_and_said_to_be(small_coach: Coach, tmp_path: Path) -> None:
    question = "When does the interview at Harbor Robotics begin?"
    assert small_coach.ask(question).kind is AnswerKind.REFUSED
    answer = beside(small_coach, tmp_path, document("notes", NOTES, Origin.OWN)).ask(question)
    assert answer.kind is AnswerKind.EXTRACTED
    assert answer.note == WHOSE[Origin.OWN]
    assert all(citation.quote in NOTES for citation in answer.citations)


def test_what_neither_says_is_refused(small_coach: Coach, tmp_path: Path) -> None:
    with_notes = beside(small_coach, tmp_path, document("notes", NOTES, Origin.OWN))
    assert with_notes.ask("Who won the chess championship in Reykjavik?").kind is AnswerKind.REFUSED


def test_a_refusal_does_not_say_that_a_name_of_the_notes_is_unknown(small_coach: Coach, tmp_path: Path) -> None:
    question = "Why did Harbor Robotics and Quillfeather merge with anybody in the spring?"
    assert "Robotics" in small_coach.ask(question).note
    refusal = beside(small_coach, tmp_path, document("notes", NOTES, Origin.OWN)).ask(question)
    assert refusal.kind is AnswerKind.REFUSED
    assert "Robotics" not in refusal.note
    assert "Quillfeather" in refusal.note


def test_a_cited_page_comes_before_another_one(small_coach: Coach, tmp_path: Path) -> None:
    other = document("https://other.example/tea", PAGE, Origin.PAGE)
    answer = beside(small_coach, tmp_path, other, document(CITED, PAGE + " It is a gentle tea.", Origin.PAGE)).ask(
        "How is green tea brewed?"
    )
    assert answer.further[0].passage.source == CITED


def test_at_most_one_quote_a_source_and_two_in_all(small_coach: Coach, tmp_path: Path) -> None:
    pages = [document(f"https://p{number}.example/", PAGE, Origin.PAGE) for number in range(4)]
    sources = [
        citation.passage.source for citation in beside(small_coach, tmp_path, *pages).ask("How is green tea brewed?").further
    ]
    assert len(sources) == len(set(sources)) == 2
