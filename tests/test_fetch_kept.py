"""What was fetched stays: from folder to folder, and until somebody deletes it."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.errors import BadInput
from ingest.fetch.by_hand import filled
from ingest.fetch.documents import documents
from ingest.fetch.state import Summary, wanted
from ingest.fetch.store import State, Store
from ingest.sources import Source
from tests.material import write_corpus
from tests.site import PROSE, page, pdf
from ui.cli import cli
from ui.commands.fetch import told_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TEA = "https://blog.example/tea"


def cited(*urls: str) -> list[Source]:
    return [Source(url, "A title", "article", ("Q1",)) for url in urls]


@pytest.mark.parametrize(
    "mark",
    [
        f"<!-- saved from url=(0024){TEA} -->",
        f"<!--\n Page saved with SingleFile\n url: {TEA}\n saved date: now\n-->",
        f'<link rel="canonical" href="{TEA}">',
        f'<meta property="og:url" content="{TEA}#top">',
    ],
)
def test_a_saved_page_that_says_where_it_is_from_is_taken(tmp_path: Path, mark: str) -> None:
    (tmp_path / "saved").mkdir()
    body = page("Tea").body
    assert isinstance(body, bytes)
    (tmp_path / "saved" / "My page.html").write_bytes(body.replace(b"<head>", b"<head>" + mark.encode()))
    store = Store(tmp_path / "pages")
    assert filled(store, tmp_path / "saved", wanted(cited(TEA)), NOW).taken == (TEA,)
    assert [(document.source, document.title) for document in documents(store)] == [(TEA, "Tea")]


def test_a_file_is_taken_by_its_name_or_by_the_list_beside_it(tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "2005.11401v4.pdf").write_bytes(pdf())
    (saved / "notes.md").write_text(f"# Tea\n\n{PROSE}")
    (saved / "other.html").write_text("<html><p>Nobody cites this.</p></html>")
    (saved / "photo.png").write_bytes(b"\x89PNG")
    (saved / "addresses.tsv").write_text(f"notes.md\t{TEA}\n")
    report = filled(Store(tmp_path / "pages"), saved, wanted(cited(TEA, "https://arxiv.org/abs/2005.11401")), NOW)
    assert set(report.taken) == {TEA, "https://arxiv.org/abs/2005.11401"}
    assert [skipped.place for skipped in report.skipped] == ["other.html", "photo.png"]


def test_the_pages_of_another_machine_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "notes.md").write_text(f"# Tea\n\n{PROSE}")
    (tmp_path / "saved" / "addresses.tsv").write_text(f"notes.md\t{TEA}\n")
    theirs, ours = Store(tmp_path / "theirs"), Store(tmp_path / "ours")
    filled(theirs, tmp_path / "saved", wanted(cited(TEA)), NOW)
    assert filled(ours, theirs.folder, [], NOW).taken == (TEA,)
    assert filled(ours, theirs.folder, [], NOW).taken == ()
    shutil.rmtree(theirs.folder / "blobs")
    assert [document.source for document in documents(ours)] == [TEA]
    assert len(filled(Store(tmp_path / "late"), theirs.folder, [], NOW).skipped) == 1


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COACH_CORPUS", str(write_corpus(tmp_path / "corpus")))
    return tmp_path / "home"


def coach(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, words)
    return done.exit_code, done.output


def test_a_dry_run_says_what_would_be_asked_and_asks_nothing(home: Path) -> None:
    code, said = coach("fetch", "--dry-run")
    assert code == 0
    assert "Would ask" in said
    assert not home.exists()


def test_every_source_is_listed_with_its_state(home: Path) -> None:
    code, said = coach("sources")
    assert (code, home.exists()) == (0, False)
    assert "not fetched yet" in said
    assert coach("sources", "--state", "moved") == (0, "No page is in that state.\n")
    assert coach("sources", "--json")[1].startswith("[")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("words", [("--topic", "none"), ("--only", "none"), ("--forget", TEA)])
def test_what_is_not_there_cannot_be_fetched_or_forgotten(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, ["fetch", *words])
    assert isinstance(done.exception, BadInput)


def test_the_summary_says_what_came_of_every_page() -> None:
    summary = Summary(Counter({State.FETCHED: 3, State.DEAD: 1}), unchanged=2, left=9)
    assert told_of(summary, 4).startswith("1 dead, 3 fetched, 2 unchanged, 5 left alone, 4 link only.")


def test_a_page_that_is_here_is_listed_and_can_be_deleted(home: Path, tmp_path: Path) -> None:
    url = next(line.split()[3] for line in coach("sources")[1].splitlines() if line.startswith("not fetched yet"))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "tea.md").write_text(f"# Tea\n\n{PROSE}")
    (tmp_path / "saved" / "addresses.tsv").write_text(f"tea.md\t{url}\n")
    assert coach("fetch", "--from-folder", str(tmp_path / "saved"))[0] == 0
    assert "1 fetched" in coach("sources")[1]
    assert coach("fetch", "--forget", url)[0] == 0
    assert "fetched" not in coach("sources")[1].replace("not fetched yet", "")
    assert home.is_dir()
