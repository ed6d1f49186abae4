"""Folders of study material: whatever lies in them, what can be read is, and the rest is named with its reason."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from coach.domain import Origin
from coach.settings import Settings, load_settings
from ingest import library
from ingest.folder import Gathered, read_documents, together
from ingest.library import passages_of
from tests.conftest import NOW
from tests.test_formats_files import Scribbled, zipped

TEA = "# Tea\n\nGreen tea is brewed with water well below boiling.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "tea.md").write_text(TEA)
    return tmp_path / "notes"


@pytest.fixture
def settings(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    return load_settings()


def reasons(gathered: Gathered) -> dict[str, str]:
    return {Path(one.place).name: one.reason for one in gathered.skipped}


def test_hostile_files_are_named_and_the_others_are_read(folder: Path) -> None:
    with (folder / "huge.md").open("wb") as huge:
        huge.truncate(50_000_000)
    (folder / "archive.md").write_bytes(zipped())
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 20)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 nothing else")
    (folder / "empty.md").write_bytes(b"")
    (folder / "letter.docx").write_bytes(b"PK")
    (folder / ".hidden.md").write_text(TEA)
    os.mkfifo(folder / "pipe.md")
    found = read_documents(folder)
    assert [document.source for document in found.documents] == ["notes/tea.md"]
    said = reasons(found)
    assert said.keys() == {"huge.md", "archive.md", "binary.txt", "broken.pdf", "empty.md", "letter.docx", "pipe.md"}
    assert "50,000,000 bytes" in said["huge.md"]
    assert "a zip archive" in said["archive.md"]
    assert "binary" in said["binary.txt"]
    assert "of no kind that is read" in said["letter.docx"]


def test_links_that_lead_out_of_a_folder_are_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text(TEA)
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "loop").symlink_to(folder)
    (folder / "nowhere.md").symlink_to(folder / "gone.md")
    found = read_documents(folder)
    assert len(found.documents) == 1
    assert reasons(found).keys() == {"link.md", "loop", "nowhere.md"}
    assert "a link out of the folder" in reasons(found)["link.md"]


def test_a_file_without_permission_and_one_that_changes_are_named(folder: Path) -> None:
    assert "changed while it was read" in reasons(read_documents(Scribbled(folder / "tea.md")))["tea.md"]
    (folder / "tea.md").chmod(0)
    if os.access(folder / "tea.md", os.R_OK):
        pytest.skip("this user may read everything")
    assert "Permission denied" in reasons(read_documents(folder))["tea.md"]


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"{'  ' * min(depth, 100)}- an item of a list\n" for depth in range(10_000)),
        "- " * 10_000 + "some words this deep down",
        "> " * 10_000 + "some words this deep down",
        "$$ a formula nobody closes. " * 5_000,
        "\\[ and one more. " * 5_000,
        "| a " * 20_000,
    ],
    ids=["nested list", "deep list", "deep quote", "formulas", "brackets", "table"],
)
def test_hostile_text_becomes_passages_in_the_time_of_its_length(folder: Path, text: str) -> None:
    """What is quadratic or recursive would run into the limit of the test run."""
    (folder / "tea.md").write_text(text)
    assert passages_of(read_documents(folder))


def test_of_two_documents_of_one_name_the_first_is_taken_and_the_candidate_s_own_note_stands_beside_it(folder: Path) -> None:
    (document,) = read_documents(folder).documents
    note = replace(document, origin=Origin.OWN)
    found = together([Gathered((document,)), Gathered((note,)), Gathered((replace(document, title="Another"),))])
    assert found.documents == (document, note)
    assert "another document of that name" in reasons(found)["tea.md"]
    assert len({entry.passage.id for entry in passages_of(found)}) == 2


def test_a_folder_is_read_anew_by_every_ingest_and_what_did_not_change_is_not_embedded(settings: Settings, folder: Path) -> None:
    (folder / "coffee.md").write_text("Coffee is brewed with water just below boiling.")
    library.add(settings, folder, NOW)
    first = library.refresh(settings)
    assert (first.documents, first.summary.added, first.summary.embedded) == (2, 2, 2)
    assert not library.refresh(settings).summary.anything
    (folder / "tea.md").write_text(TEA.replace("below", "far below"))
    (folder / "coffee.md").unlink()
    again = library.refresh(settings).summary
    assert (again.changed, again.removed, again.unchanged, again.embedded) == (1, 1, 0, 1)


def test_a_folder_that_is_gone_is_told_and_can_be_forgotten(settings: Settings, folder: Path) -> None:
    library.add(settings, folder, NOW)
    library.refresh(settings)
    (folder / "tea.md").unlink()
    folder.rmdir()
    report = library.refresh(settings)
    assert report.summary.removed == 1
    assert "is gone" in reasons(Gathered(skipped=report.skipped))["notes"]
    library.forget(settings, "notes")
    assert library.shelves(settings) == ()
