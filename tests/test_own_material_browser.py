"""A candidate's own notes in a real browser, on a laptop and a phone: from an empty page to an answer that quotes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from coach.settings import load_settings
from ingest.refresh import refresh
from tests.browser import CHROMIUM, chromium, running, settle, window
from tests.material import write_corpus

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium"),
]

SPLICE = "We look for somebody who can splice a rope. A splice keeps nine tenths of the strength of a rope."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as launched:
        yield launched


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["desktop-light", "phone-dark"])
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Any) -> Iterator[Any]:
    """A window on the app over the small bank, in which nothing was added yet."""
    env = {"COACH_HOME": str(tmp_path / "home"), "COACH_CORPUS": str(write_corpus(tmp_path / "corpus"))}
    env["COACH_EMBEDDER"] = "hashing"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        refresh(load_settings())
    with running(env) as address:
        opened = window(browser, *request.param)
        opened.set_default_timeout(60_000)
        opened.address = address
        yield opened
        opened.close()


def test_notes_are_pasted_uploaded_deleted_and_brought_back(page: Any) -> None:
    page.goto(f"{page.address}/sources?tab=notes")
    page.get_by_text("Nothing is here yet.").wait_for()
    page.get_by_text("Your notes stay on this machine").wait_for()
    page.get_by_label("Name").fill("Job description")
    page.get_by_label("Text, or paste it").fill(SPLICE)
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("1 passage", exact=False).first.wait_for()
    page.get_by_text("Add notes").click()
    plan = {"name": "plan.md", "mimeType": "text/markdown", "buffer": b"# Plan\n\nLearn to tie a bowline before spring comes."}
    page.locator("input[type=file]").set_input_files(plan)
    page.get_by_text("plan.md").first.wait_for()
    page.get_by_text("1 passage", exact=False).nth(1).wait_for()
    settle(page)
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/notes-{page.viewport_size['width']}.png")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.reload()
    page.get_by_role("button", name="Delete").nth(1).click()
    page.get_by_text("Deleted: plan.md.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("1 passage", exact=False).nth(1).wait_for()
