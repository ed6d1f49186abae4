"""What a candidate brings along: kept, read in the background, searched, deleted and brought back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fpdf import FPDF
from streamlit.testing.v1 import AppTest

from coach.adapters.embed import HashingEmbedder
from coach.domain import Origin
from coach.errors import BadInput
from coach.ports import Progress, Vectors
from coach.settings import Settings, load_settings
from coach.wiring import make_library
from ingest.library import own
from tests.conftest import NOW
from tests.pages import click, drawn, seen, small_bank, window
from ui.own_material import taking_in
from ui.state import doorway
from ui.taking_in import TakingIn

SPLICE = "We look for somebody who can splice a rope. A splice keeps nine tenths of the strength of a rope."
REEF = "A reef makes a mainsail smaller before the wind gets stronger."


class Held(HashingEmbedder):
    """Embeds one text at a time, and the first only when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.begun.set()
        assert self.go.wait(30)
        return super().embed(texts, progress)


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    small_bank(corpus, monkeypatch)
    yield
    settled(taking_in())


@pytest.fixture
def settings() -> Settings:
    return load_settings()


def settled(work: TakingIn) -> TakingIn:
    until = time.monotonic() + 60
    while work.stand.underway and time.monotonic() < until:
        time.sleep(0.02)
    assert not work.stand.underway
    return work


def notes_page() -> AppTest:
    return window("sources", tab="notes")


def paste(app: AppTest, name: str, text: str) -> AppTest:
    app.text_input(key="note-name-0").set_value(name)
    app.text_area(key="note-text-0").set_value(text)
    click(app, "keep-note")
    settled(taking_in())
    return drawn(app)


def upload(app: AppTest, *files: tuple[str, bytes, str]) -> AppTest:
    app.file_uploader(key="note-files-0").set_value(list(files))
    drawn(app)
    settled(taking_in())
    return drawn(app)


def pdf(text: str) -> bytes:
    made = FPDF()
    made.add_page()
    made.set_font("Helvetica", size=11)
    made.multi_cell(0, 6, text)
    return bytes(made.output())


def test_the_first_time_the_page_says_what_for_and_that_nothing_leaves() -> None:
    said = seen(notes_page())
    assert "Nothing is here yet." in said
    assert "Your notes stay on this machine" in said
    assert "language model" not in said


def test_with_a_model_and_a_server_the_page_says_what_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    window()
    there = doorway().settings().model_copy(update={"model": "gpt", "openai_base_url": "http://llm.example/v1"})
    doorway().use(there)
    said = seen(notes_page())
    assert "passages of them that answer a question are sent with it to gpt at llm.example" in said


def test_what_is_pasted_is_listed_and_answers_without_a_restart() -> None:
    app = notes_page()
    before = doorway().coach().library
    said = seen(paste(app, "Job description", SPLICE))
    assert before is None
    assert "**Job description**" in said
    assert "1 passage" in said
    library = doorway().coach().library
    assert library is not None
    (hit,) = library.search("splice a rope", doorway().coach().embedder.embed(["splice a rope"])[0])
    assert (hit.passage.title, hit.passage.origin) == ("Job description", Origin.OWN)


def test_files_are_taken_and_the_one_that_cannot_be_read_is_told() -> None:
    app = upload(
        notes_page(),
        ("cv.pdf", pdf(SPLICE), "application/pdf"),
        ("bad.pdf", b"no PDF", "application/pdf"),
        ("plan.md", REEF.encode(), "text/markdown"),
    )
    assert [note.name for note in own(load_settings()).all()] == ["cv.pdf", "plan.md"]
    assert "**cv.pdf**" in seen(app)
    assert seen(app).count("1 passage") == 2


def test_what_was_wrong_with_a_file_is_a_sentence() -> None:
    app = notes_page()
    app.file_uploader(key="note-files-0").set_value([("bad.pdf", b"no PDF", "application/pdf")])
    assert "bad.pdf cannot be read" in seen(drawn(app))


def test_a_text_without_a_name_stays_in_its_box() -> None:
    app = paste(notes_page(), "", SPLICE)
    assert app.text_area(key="note-text-0").value == SPLICE
    assert own(load_settings()).all() == ()


def test_a_deleted_note_leaves_the_library_and_undo_brings_it_back() -> None:
    app = paste(notes_page(), "Plan", REEF)
    (note,) = own(load_settings()).all()
    click(app, f"delete-{note.id}")
    settled(taking_in())
    assert make_library(load_settings()).digests() == {}
    assert "Deleted: Plan." in seen(drawn(app))
    click(app, "undo-note")
    settled(taking_in())
    assert own(load_settings()).all() == (note,)
    assert "1 passage" in seen(drawn(app))


def test_a_name_is_drawn_as_text() -> None:
    app = paste(notes_page(), "![x](http:a.example) **bold**", REEF)
    assert not any("![x](" in str(element.value) for element in app.markdown)


# The work behind the page.


def test_a_canceled_run_leaves_the_library_as_it_was_and_the_next_takes_everything(settings: Settings) -> None:
    embedder = Held()
    work = TakingIn(lambda: settings, lambda: embedder)
    own(settings).add("Plan", REEF, NOW)
    work.start()
    assert embedder.begun.wait(30)
    work.cancel()
    embedder.go.set()
    settled(work)
    assert make_library(settings).about() is None
    work.start()
    assert len(make_library(settings).digests() if settled(work) else ()) == 1


def test_what_is_added_during_a_run_is_taken_in_by_another(settings: Settings) -> None:
    embedder = Held()
    work = TakingIn(lambda: settings, lambda: embedder)
    own(settings).add("Plan", REEF, NOW)
    work.start()
    assert embedder.begun.wait(30)
    own(settings).add("Job", SPLICE, NOW)
    work.start()
    embedder.go.set()
    settled(work)
    assert len(make_library(settings).digests()) == 2


def test_a_run_that_fails_says_why_and_does_not_stay_underway(settings: Settings) -> None:
    (settings.library_folder).mkdir(parents=True)
    (settings.library_folder / "shelves.json").write_text("{")
    work = TakingIn(lambda: settings, HashingEmbedder)
    work.start()
    assert "shelves.json cannot be read" in settled(work).stand.trouble


def test_a_restored_note_never_replaces_a_newer_one(settings: Settings) -> None:
    notes = own(settings)
    deleted = notes.delete(notes.add("Plan", REEF, NOW).id)
    notes.add("plan", SPLICE, datetime(2026, 11, 22, tzinfo=UTC))
    assert deleted is not None
    with pytest.raises(BadInput, match="a new note named Plan"):
        notes.restore(deleted)


@pytest.mark.parametrize(
    ("name", "data"),
    [("page.html", b"<html><body><h1>Ropes</h1><p>" + b"A splice keeps nine tenths of the strength. " * 20), ("p.pdf", b"")],
    ids=["html", "pdf"],
)
def test_foreign_formats_are_notes_of_one_s_own(settings: Settings, name: str, data: bytes) -> None:
    own(settings).add(name, data or pdf(SPLICE), NOW)
    (document,) = own(settings).documents().documents
    assert (document.source, document.origin) == (name, Origin.OWN)
    assert "splice" in document.sections[0].text
