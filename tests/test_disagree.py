from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coach.adapters.embed import HashingEmbedder
from coach.adapters.lexicon import Bm25Lexicon
from coach.bank import parse
from coach.domain import Origin, Passage, Reference
from coach.settings import load_settings
from coach.wiring import make_library
from ingest.disagree import Disagreement, disagreements, pages_of
from ingest.document import Document, Section
from ingest.nodes import entries_of
from tests.conftest import build
from tests.material import OOLONG, TEA
from ui.cli import cli

URL = "https://arxiv.org/abs/2005.11401"
QUESTIONS = parse(f"# Tea\n\n{TEA}\n{OOLONG}", "bank/tea.md", "tea")[0].questions


def page(text: str, url: str = URL, place: str = "#brewing", origin: Origin = Origin.PAGE) -> Passage:
    return Passage("p1", text, url, "A paper", "Brewing", "", place, origin=origin, as_of="2026-11-21")


def told(*pages: Passage) -> list[Disagreement]:
    return disagreements(QUESTIONS, pages_of(QUESTIONS, pages), HashingEmbedder(), Bm25Lexicon())


def test_another_number_for_the_same_thing_is_listed_with_both_sentences_and_places() -> None:
    (found,) = told(page("Green tea is brewed with water well below boiling, at about 30 degrees. Cups vary."))
    assert str(found).splitlines()[0].startswith("bank/tea.md:3: TE01: another number (")
    assert "bank: Green tea is brewed with water well below boiling, at about 75 degrees." in str(found)
    assert "page: Green tea is brewed with water well below boiling, at about 30 degrees." in str(found)
    assert str(found).endswith(f"{URL}#brewing")


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("Boiling water never scalds the leaves and does make the cup bitter.", "one denies it"),
        ("A second infusion from the same leaves needs more time.", "the opposite"),
        ("Oolong is not oxidized only in part, while black tea is oxidized fully.", "one denies it"),
    ],
)
def test_what_is_denied_or_turned_is_listed_once(text: str, how: str) -> None:
    assert [one.how for one in told(page(text))] == [how]


@pytest.mark.parametrize(
    "text",
    [
        "Green tea is brewed with water well below boiling, at about 75 degrees.",
        "Green tea is brewed with water well below boiling, at about 75 degrees or 80.",
        "Coffee is not brewed with cold water, but with 9 bar of pressure.",
        "```\nGreen tea is brewed with water well below boiling, at about 30 degrees.\n```",
    ],
    ids=["the-same", "among-others", "another-thing", "code"],
)
def test_a_page_that_agrees_or_speaks_of_something_else_is_silent(text: str) -> None:
    assert told(page(text)) == []


def test_only_pages_that_the_question_cites_count() -> None:
    wrong = "Green tea is brewed with water well below boiling, at about 30 degrees."
    assert told(page(wrong, url="https://example.org/tea")) == []
    assert told(page(wrong, origin=Origin.DOCUMENT)) == []


def test_a_reference_to_a_place_in_a_page_is_one_to_the_page() -> None:
    anchored = [replace(QUESTIONS[0], references=(Reference("A paper", f"{URL}/#method", "why."),))]
    assert list(pages_of(anchored, [page("Any text.")])) == ["TE01"]


def test_a_place_that_is_no_anchor_stands_beside_the_address() -> None:
    (found,) = told(page("Green tea is brewed with water well below boiling, at about 30 degrees.", place="page 3"))
    assert found.where == f"{URL} page 3"


def test_the_command_lists_them_and_is_content(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    run = CliRunner()
    before = run.invoke(cli, ["check", "--against-sources"])
    assert (before.exit_code, before.stdout) == (0, "No pages fetched yet. Run: coach fetch, then coach ingest.\n")
    text = "Green tea is brewed with water well below boiling, at about 30 degrees. [b]Bold[/b] markup stays."
    document = Document(URL, "A paper", Origin.PAGE, (Section(("Brewing",), text, "#brewing"),))
    build(make_library(load_settings()), entries_of([document]))
    after = run.invoke(cli, ["check", "--against-sources"])
    assert after.exit_code == 0
    assert "bank/tea.md:5: TE01: another number" in after.stdout
    assert "3 of 3 questions cite a page that was fetched; 1 places to look at." in after.stdout
