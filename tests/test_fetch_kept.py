"""What was fetched stays: through kill -9, from folder to folder, and until somebody deletes it."""

from __future__ import annotations

import hashlib
import multiprocessing
import random
import shutil
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.errors import BadInput
from ingest.fetch.by_hand import filled
from ingest.fetch.classify import Kind
from ingest.fetch.documents import documents
from ingest.fetch.state import Summary, wanted
from ingest.fetch.store import Record, State, Store
from ingest.sources import Source
from tests.material import write_corpus
from tests.site import PROSE, page, pdf
from ui.cli import cli
from ui.commands.fetch import told_of

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.test_fetch_kept"])
TEA = "https://blog.example/tea"


def cited(*urls: str) -> list[Source]:
    return [Source(url, "A title", "article", ("Q1",)) for url in urls]


def keep_forever(folder: Path) -> None:
    """Keep version after version of three pages."""
    store = Store(folder)
    for version in range(1_000_000):
        data = f"{version} ".encode() * 50_000
        url = f"https://blog.example/{version % 3}"
        record = Record(url, Kind.ARTICLE, State.FETCHED, NOW.isoformat(), sha256=hashlib.sha256(data).hexdigest())
        store.keep_blob(record.sha256, data)
        store.keep(record)


def test_a_store_that_is_killed_is_whole(tmp_path: Path) -> None:
    chance = random.Random(9)
    store = Store(tmp_path)
    for _ in range(5):
        store.forget_all()
        process = PROCESSES.Process(target=keep_forever, args=(tmp_path,))
        process.start()
        while not list(tmp_path.glob("records/*.json")):
            time.sleep(0.01)
        time.sleep(chance.random() * 0.2)
        process.kill()
        process.join()
        assert all(store.blob(record.sha256) for record in store.records())
    store.tidy()
    assert {file.name for file in tmp_path.glob("blobs/*")} == {record.sha256 for record in store.records()}
    assert not list(tmp_path.glob("*/*.part"))


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
