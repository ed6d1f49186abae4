from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.adapters.embed import HashingEmbedder
from coach.domain import Origin, Passage
from coach.errors import BadInput, StorageError
from coach.ports import Progress, Vectors
from coach.settings import Settings, load_settings
from coach.wiring import make_library
from ingest import library
from ingest.folder import read_documents
from ingest.library import LibraryReport, own, refresh, shelves
from tests.conftest import NOW
from ui.cli import cli

ROPES = (
    "# Ropes\n\nA bowline is a knot that holds a loop and does not slip under load.\n\n## Care\n\nRinse ropes with fresh water."
)
SAILS = "# Sails\n\nA reef makes a sail smaller, so that a boat stays upright when the wind gets stronger."


class Counting(HashingEmbedder):
    """Knows what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.given += texts
        return super().embed(texts, progress)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    return load_settings()


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    where = tmp_path / "notes"
    (where / "deck").mkdir(parents=True)
    (where / "ropes.md").write_text(ROPES)
    (where / "deck" / "sails.txt").write_text(SAILS)
    library.add(settings, where, NOW)
    return where


def passages(settings: Settings) -> list[Passage]:
    with closing(make_library(settings).open()) as index:
        return sorted((stored.entry.passage for stored in index.stored()), key=lambda p: (p.source, p.heading))


def counts(report: LibraryReport) -> tuple[int, int, int, int]:
    did = report.summary
    return did.added, did.changed, did.unchanged, did.removed


def test_a_folder_s_documents_are_indexed_with_their_headings_and_places(settings: Settings, folder: Path) -> None:
    report = refresh(settings)
    assert (report.documents, report.passages, counts(report)) == (2, 3, (3, 0, 0, 0))
    sails, care, ropes = passages(settings)
    assert (sails.source, sails.title, sails.origin) == ("notes/deck/sails.txt", "Sails", Origin.DOCUMENT)
    assert (care.source, care.heading, care.place) == ("notes/ropes.md", "Care", "line 7")
    assert ropes.heading == "Ropes"


def test_only_what_changed_is_embedded_and_what_is_gone_leaves(settings: Settings, folder: Path) -> None:
    refresh(settings)
    embedder = Counting()
    assert counts(refresh(settings, embedder)) == (0, 0, 3, 0)
    assert embedder.given == []
    (folder / "ropes.md").write_text(ROPES.replace("fresh water", "fresh water after each trip"))
    assert counts(refresh(settings, embedder)) == (0, 1, 2, 0)
    assert len(embedder.given) == 1
    (folder / "deck" / "sails.txt").unlink()
    assert counts(refresh(settings, embedder)) == (0, 0, 2, 1)
    assert len(embedder.given) == 1
    assert {passage.source for passage in passages(settings)} == {"notes/ropes.md"}


def test_a_lost_cache_costs_nothing_for_what_is_published(settings: Settings, folder: Path) -> None:
    refresh(settings)
    (settings.library_folder / "vectors.db").unlink()
    (folder / "more.md").write_text("# More\n\nAn anchor holds better the longer its chain is.")
    embedder = Counting()
    assert counts(refresh(settings, embedder)) == (1, 0, 3, 0)
    assert len(embedder.given) == 1


def test_a_rebuild_embeds_everything_again(settings: Settings, folder: Path) -> None:
    refresh(settings)
    embedder = Counting()
    assert refresh(settings, embedder, rebuild=True).summary.embedded == len(embedder.given) == 3


def test_a_dry_run_tells_and_changes_nothing(settings: Settings, folder: Path) -> None:
    before = sorted(settings.home.rglob("*"))
    assert refresh(settings, dry_run=True).summary.embedded == 3
    assert sorted(settings.home.rglob("*")) == before


def test_a_path_is_kept_once_and_forgotten_by_its_name(settings: Settings, folder: Path) -> None:
    library.add(settings, folder, NOW)
    assert len(shelves(settings)) == 1
    refresh(settings)
    with pytest.raises(BadInput, match="There are"):
        library.forget(settings, "nothing")
    library.forget(settings, "notes")
    assert counts(refresh(settings)) == (0, 0, 0, 3)
    assert passages(settings) == []


def test_nothing_to_index_makes_no_index(settings: Settings) -> None:
    assert counts(refresh(settings)) == (0, 0, 0, 0)
    assert not settings.library_folder.exists()


def test_a_damaged_list_of_paths_names_the_cure(settings: Settings, folder: Path) -> None:
    (settings.library_folder / "shelves.json").write_text("{")
    with pytest.raises(StorageError, match="Delete it"):
        refresh(settings)


def test_hostile_files_are_named_with_the_reason_and_the_others_are_read(tmp_path: Path, folder: Path) -> None:
    (folder / "huge.md").write_bytes(b"# Huge\n\n" + b"water " * (50 * 2**20 // 6))
    with zipfile.ZipFile(folder / "zipped.md", "w") as archive:
        archive.writestr("a", "b")
    (folder / "binary.txt").write_bytes(bytes(range(256)) * 4)
    (folder / "empty.md").write_bytes(b"")
    (folder / "film.mp4").write_bytes(b"film")
    (tmp_path / "secret.md").write_text(SAILS)
    (folder / "link.md").symlink_to(tmp_path / "secret.md")
    (folder / "elsewhere").symlink_to(tmp_path)
    (folder / "nowhere.md").symlink_to(tmp_path / "none")
    os.mkfifo(folder / "pipe.md")
    found = read_documents(folder)
    assert [document.source for document in found.documents] == ["notes/ropes.md", "notes/deck/sails.txt"]
    reasons = {Path(skipped.place).name: skipped.reason for skipped in found.skipped}
    for name, reason in {
        "huge.md": "Split it by topic",
        "zipped.md": "zip archive",
        "binary.txt": "is binary",
        "empty.md": "no words",
        "film.mp4": "of no kind that is read",
        "link.md": "link out of the folder",
        "elsewhere": "Name the folder it leads to",
        "nowhere.md": "",
        "pipe.md": "no regular file",
    }.items():
        assert reason in reasons.pop(name)
    assert not reasons


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_what_may_not_be_read_is_named(folder: Path) -> None:
    (folder / "ropes.md").chmod(0)
    (folder / "deck").chmod(0)
    found = read_documents(folder)
    (folder / "deck").chmod(0o700)
    assert [Path(skipped.place).name for skipped in found.skipped] == ["ropes.md", "deck"]


def test_ten_thousand_nested_lists_are_read(folder: Path) -> None:
    (folder / "nested.md").write_text(
        "# Nested\n\n" + "\n".join(f"{'  ' * depth}- level {depth}" for depth in range(10_000))[: 2**20]
    )
    assert len(read_documents(folder).documents) + len(read_documents(folder).skipped) == 3


def test_two_documents_of_one_name_are_told_apart_or_named(tmp_path: Path, settings: Settings, folder: Path) -> None:
    other = tmp_path / "other" / "notes"
    other.mkdir(parents=True)
    (other / "ropes.md").write_text(SAILS)
    library.add(settings, other, NOW)
    report = refresh(settings)
    assert report.documents == 2
    assert "another document of that name" in str(report.skipped[0])


def test_own_notes_are_kept_found_listed_and_deleted(settings: Settings) -> None:
    note = own(settings).add("Job description", "We look for somebody who can splice ropes.", NOW)
    own(settings).add("cv.txt", SAILS.encode(), NOW)
    refresh(settings)
    assert [(p.source, p.origin) for p in passages(settings)] == [("Job description", Origin.OWN), ("cv.txt", Origin.OWN)]
    assert [kept.name for kept in own(settings).all()] == ["cv.txt", "Job description"]
    own(settings).delete(note.id)
    assert counts(refresh(settings)) == (0, 0, 1, 1)
    assert b"splice" not in b"".join(file.read_bytes() for file in settings.own_folder.iterdir())


def test_a_note_of_the_same_name_replaces_the_first(settings: Settings) -> None:
    own(settings).add("Plan", "Learn how to tie a bowline.", NOW)
    own(settings).add("plan", "Learn how to reef a mainsail.", NOW)
    refresh(settings)
    assert [passage.text for passage in passages(settings)] == ["Learn how to reef a mainsail."]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("", "text", "no name"), ("a.md", b"PK\x03\x04", "zip"), ("film.mp4", b"x", "no kind"), ("note", "  ", "no words")],
    ids=["nameless", "zip", "film", "empty"],
)
def test_a_note_that_cannot_be_read_is_not_kept(settings: Settings, name: str, content: str | bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        own(settings).add(name, content, NOW)
    assert own(settings).all() == ()


def test_a_name_with_a_path_in_it_stays_in_the_folder(settings: Settings) -> None:
    own(settings).add("../../etc/passwd.md", "A note about ropes.", NOW)
    assert [note.name for note in own(settings).all()] == ["passwd.md"]
    assert {file.parent for file in settings.home.rglob("*") if file.is_file()} == {settings.own_folder}


def test_the_command_sorts_banks_from_study_material_and_forgets_either(
    tmp_path: Path, corpus: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    (tmp_path / "ropes.md").write_text(ROPES)
    (tmp_path / "bank.md").write_text("1. What is a jib?\n   - Answer: A sail in front of the mast.\n2. What is a keel?\n")
    run = CliRunner()
    done = run.invoke(cli, ["ingest", str(tmp_path / "ropes.md"), str(tmp_path / "bank.md")])
    assert "Indexed 5 questions" in done.stdout
    assert "Indexed 1 documents in 2 passages: 2 added" in done.stdout
    assert {passage.source for passage in passages(settings)} == {"ropes.md"}
    assert "study material" in run.invoke(cli, ["ingest", "--list"]).stdout
    assert "0 documents" in run.invoke(cli, ["ingest", "--forget", "ropes.md"]).stdout
    assert "library: 0 passages" in run.invoke(cli, ["index", "info"]).stdout
    assert "bank: 4 passages" in (copying := run.invoke(cli, ["index", "copy", "--to", str(tmp_path / "copy")]).stdout), copying
