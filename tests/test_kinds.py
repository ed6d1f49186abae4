"""Pages made to look like the kinds the bank cites: what they must keep is kept, and nothing else of them survives."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ingest.document import Document
from ingest.extract import document_of_page

KINDS = Path(__file__).parent / "kinds"
PAGES = sorted(file.stem for file in KINDS.glob("*.toml"))


@cache
def wanted(name: str) -> dict[str, Any]:
    return tomllib.loads((KINDS / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def read(name: str) -> Document:
    return document_of_page((KINDS / f"{name}.html").read_bytes(), f"https://pages.example/{name}")


def text_of(document: Document) -> str:
    return "\n".join("\n".join([*section.path, section.text]) for section in document.sections)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_must_keep_is_kept(name: str) -> None:
    document = read(name)
    text = text_of(document)
    assert [kept for kept in wanted(name)["keep"] if kept not in text] == []
    assert document.title == wanted(name)["title"]


@pytest.mark.parametrize("name", PAGES)
def test_every_heading_of_a_page_stands_where_it_stood(name: str) -> None:
    paths = {" > ".join(section.path) for section in read(name).sections}
    assert [path for path in wanted(name)["headings"] if path not in paths] == []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_else_of_a_page_survives(name: str) -> None:
    document = read(name)
    text = f"{document.title}\n{text_of(document)}"
    assert [dropped for dropped in wanted(name)["drop"] if dropped in text] == []


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_says_of_itself_is_known(name: str) -> None:
    document = read(name)
    said = {fact: getattr(document, fact) for fact in ("authors", "published", "language", "license") if fact in wanted(name)}
    assert {fact: list(it) if fact == "authors" else it for fact, it in said.items()} == {it: wanted(name)[it] for it in said}
