from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from coach.adapters.embed import HashingEmbedder
from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry
from coach.errors import BadBank, StorageError
from coach.ports import Progress, Vectors
from coach.settings import load_settings
from ingest.read import MAX_FILE_BYTES, read_bank, whole_bank
from ingest.refresh import refresh, stale
from ingest.run import ingest, plan
from ingest.split import entries
from tests.conftest import NOW, build
from tests.material import TEA


class CountingEmbedder(HashingEmbedder):
    """Knows how many texts it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded = 0

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.embedded += len(texts)
        return super().embed(texts, progress)


def edit(corpus: Path, old: str, new: str) -> list[Entry]:
    file = corpus / "bank" / "tea.md"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return entries(whole_bank(corpus).topics)


def test_a_second_ingest_embeds_nothing(tmp_path: Path, small_entries: list[Entry]) -> None:
    store, embedder = EdgeStore(tmp_path / "index"), CountingEmbedder()
    build(store, small_entries, embedder)
    assert embedder.embedded == sum(len(entry.pieces) for entry in small_entries)
    again = plan(small_entries, store, embedder)
    assert not again.summary.anything
    assert again.summary.unchanged == len(small_entries)


def test_an_edited_question_is_embedded_alone(tmp_path: Path, corpus: Path, small_entries: list[Entry]) -> None:
    store, embedder = EdgeStore(tmp_path / "index"), CountingEmbedder()
    build(store, small_entries, embedder)
    embedder.embedded = 0
    edited = edit(corpus, "two minutes", "three minutes")
    todo = plan(edited, store, embedder)
    assert (todo.summary.added, todo.summary.changed, todo.summary.unchanged, todo.summary.removed) == (0, 1, 2, 0)
    ingest(todo, store, embedder, Bm25Lexicon(), "hash", NOW)
    assert embedder.embedded == todo.summary.embedded == len(todo.new[0].pieces)
    assert "three minutes" in store.open().passages([todo.new[0].passage.id])[0].text


def test_a_deleted_question_leaves_the_index(tmp_path: Path, small_entries: list[Entry]) -> None:
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    build(store, small_entries[1:])
    assert small_entries[0].passage.id not in {stored.entry.passage.id for stored in store.open().stored()}


def test_another_embedder_means_everything_anew(tmp_path: Path, small_entries: list[Entry]) -> None:
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    todo = plan(small_entries, store, HashingEmbedder(64))
    assert todo.summary.added == len(small_entries)


def test_the_same_place_keeps_its_id_when_its_text_changes(corpus: Path, small_entries: list[Entry]) -> None:
    edited = edit(corpus, "two minutes", "three minutes")
    assert [entry.passage.id for entry in edited] == [entry.passage.id for entry in small_entries]


def test_refreshing_twice_changes_nothing(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    settings = load_settings()
    assert stale(settings) == "There is no index yet."
    assert refresh(settings).summary.added == 3
    assert stale(settings) == ""
    assert not refresh(settings).summary.anything
    edit(corpus, "two minutes", "three minutes")
    assert "has changed" in stale(settings)
    assert refresh(settings, dry_run=True).summary.changed == 1
    assert stale(settings)
    assert refresh(settings).summary.changed == 1
    assert not stale(settings)


def test_a_comment_in_a_bank_file_is_noticed_but_embeds_nothing(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    settings = load_settings()
    refresh(settings)
    edit(corpus, "About tea.", "All about tea.")
    assert stale(settings)
    assert refresh(settings).summary.embedded == 0
    assert not stale(settings)


def test_a_broken_bank_stops_the_ingest_with_every_problem(corpus: Path) -> None:
    edit_file = corpus / "bank" / "tea.md"
    edit_file.write_text(edit_file.read_text().replace("Level: mid", "Level: expert"))
    with pytest.raises(BadBank) as caught:
        whole_bank(corpus)
    assert len(caught.value.problems) == 2
    assert caught.value.problems[0].startswith("bank/tea.md:5:")
    assert [question.id for question in read_bank(corpus).questions] == ["SA01"]


def test_an_id_used_twice_is_told_where(corpus: Path) -> None:
    (corpus / "bank" / "more.md").write_text(f"# More tea\n\n{TEA}")
    (problem,) = read_bank(corpus).problems
    assert str(problem) == "bank/tea.md:5: TE01 is already used at bank/more.md:3. Take the next free id"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"# T\n\nok\n\xff\xfe", "bank/bad.md:4: this is not UTF-8"), (b"x" * (MAX_FILE_BYTES + 1), "Split it by topic")],
    ids=["binary", "huge"],
)
def test_a_file_that_is_no_bank_is_named_and_the_rest_is_read(corpus: Path, data: bytes, said: str) -> None:
    (corpus / "bank" / "bad.md").write_bytes(data)
    bank = read_bank(corpus)
    assert len(bank.questions) == 3
    assert any(said in str(problem) for problem in bank.problems)


def test_a_folder_without_a_bank_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="COACH_CORPUS"):
        read_bank(tmp_path)
