"""Practice, bank and progress in a real browser, on a laptop and a phone: what Streamlit's test runner cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coach.settings import load_settings
from ingest.refresh import refresh
from tests.browser import CHROMIUM, chromium, running, settle, window
from tests.material import write_corpus
from tests.pages import GOOD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as launched:
        yield launched


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["desktop-light", "phone-dark"])
def page(request: pytest.FixtureRequest, browser: Any, tmp_path: Any) -> Iterator[Any]:
    """A window on the app over the small bank, in which nothing was practiced yet."""
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


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_question_is_practiced_with_hints_by_keyboard_and_its_draft_survives_a_reload(page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(f"{page.address}/practice?id=TE01")
    box = page.get_by_label("Your answer")
    box.fill("Half an ans")
    box.blur()
    page.get_by_role("button", name="Hint (3 left)").press("Enter")
    page.get_by_text("Hint 1.").wait_for()
    page.reload()
    page.get_by_text("Hint 1.").wait_for()
    expect(box).to_have_value("Half an ans")
    box.fill(GOOD)
    box.press("Control+Enter")
    page.get_by_text("What you got right").wait_for()
    assert fits(page)
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Done").wait_for()
    page.reload()
    page.get_by_role("heading", name="Done").wait_for()


def test_the_bank_is_searched_as_one_types_and_the_way_back_leads_to_what_was_found(page: Any) -> None:
    page.goto(f"{page.address}/bank")
    search = page.get_by_label("Search")
    search.press_sequentially("green tea", delay=30)
    page.get_by_text("1 of 3 questions").or_(page.get_by_text("2 of 3 questions")).wait_for()
    assert search.evaluate("box => box === document.activeElement")
    page.get_by_role("link", name="How is green tea brewed?").click()
    page.get_by_role("button", name="Practice this").wait_for()
    assert page.url.endswith("/question?id=TE01")
    assert not page.get_by_text("water well below boiling").is_visible()
    page.get_by_text("Show the answer").click()
    page.get_by_text("water well below boiling").wait_for()
    assert fits(page)
    page.go_back()
    page.get_by_role("link", name="How is green tea brewed?").wait_for()
    assert search.input_value() == "green tea"


def test_progress_is_empty_first_and_drawn_after_the_first_answer(page: Any) -> None:
    page.goto(f"{page.address}/progress")
    page.get_by_text("Nothing is here yet.").wait_for()
    page.get_by_role("link", name="Practice a question").click()
    page.get_by_role("button", name="Practice 3 questions").click()
    page.get_by_label("Your answer").fill(GOOD)
    page.get_by_label("Your answer").press("Control+Enter")
    page.get_by_role("button", name="Next question").wait_for()
    page.goto(f"{page.address}/progress")
    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first.wait_for()
    page.get_by_role("cell", name="–").first.wait_for()
    assert fits(page)
    page.goto(f"{page.address}/history")
    page.get_by_role("link", name="Practice: 3 questions").wait_for()
    settle(page)
    assert page.url.endswith("/progress?tab=history")
