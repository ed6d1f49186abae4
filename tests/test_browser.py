"""The app over the real bank and the real model, from no index at all, in a real browser."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import ROOT, ask, chromium, needs_chromium, running, window

pytestmark = [*needs_chromium, pytest.mark.model]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as `coach app` starts it; it builds its index first."""
    corpus = _few_topics(tmp_path_factory.mktemp("corpus"))
    with running({"COACH_HOME": str(tmp_path_factory.mktemp("home")), "COACH_CORPUS": str(corpus)}) as url:
        yield url


def _few_topics(folder: Path) -> Path:
    """Two topics of the bank are enough to see the whole way, and quick to embed."""
    (folder / "bank").mkdir()
    for topic in ("vector-db", "chunking"):
        shutil.copy(ROOT / "corpus" / "bank" / f"{topic}.md", folder / "bank")
    return folder


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Any]:
    with chromium() as browser:
        opened = window(browser, 1280, "light")
        opened.set_default_timeout(90_000)
        yield opened


def test_the_first_visit_may_be_to_any_page(page: Any, address: str) -> None:
    page.goto(f"{address}/history")
    page.get_by_role("link", name="Interview").first.wait_for()
    assert not page.get_by_role("link", name="app", exact=True).count()
    page.goto(f"{address}/ask?q=What+is+chunking")
    page.get_by_text("Chunking means").first.wait_for()


def test_a_question_is_answered_and_its_citation_opens_the_passage(page: Any, address: str) -> None:
    page.goto(f"{address}/ask")
    ask(page, "How does HNSW find neighbours, and what do I give up?")
    page.get_by_text("HNSW answers a nearest-neighbor query").first.wait_for()
    page.get_by_role("button", name="1", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="How does HNSW find nearest neighbors").wait_for()
    assert "bank/vector-db.md, VD11" in dialog.inner_text()
    assert dialog.locator("span[style*='background']").first.inner_text().startswith("HNSW answers")
    assert dialog.locator("a[href='https://arxiv.org/abs/1603.09320']").count()


def test_what_is_not_there_is_refused_with_near_topics(page: Any, address: str) -> None:
    page.goto(f"{address}/ask")
    ask(page, "What is the capital of Peru?")
    page.get_by_text("That is not in the material.").first.wait_for()
    page.get_by_text("Nearest in the material").wait_for()


def test_the_server_forbids_what_a_passage_could_load(address: str) -> None:
    with urllib.request.urlopen(address, timeout=5) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
    assert "frame-ancestors 'none'" in policy
