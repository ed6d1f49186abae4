"""What a candidate does with the app, from the first visit to the report, in a real browser: at two widths, light and dark.

One app serves them all. Each journey begins with an empty history, ends with nothing wider than the screen, and asks
nothing of any other server.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from coach.adapters.history import SqlHistory
from tests.asking import GREEN, KEY
from tests.browser import ask, chromium, fits, needs_chromium, running, settle, small_bank, window
from tests.llm_server import scripted, status
from tests.pages import GOOD

pytestmark = needs_chromium
ORIENTATION = "every sentence of the answer shows the passage it stands on"
VAGUE = "The floral notes stay, because the firing comes early."
SPLICE = "We look for somebody who can splice a rope. A splice keeps nine tenths of the strength of a rope."


@dataclass(frozen=True)
class Place:
    """The app over the small bank: its address, and the folder it keeps everything in."""

    address: str
    home: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with small_bank(tmp_path_factory.mktemp("journeys")) as env, running(env) as address:
        yield Place(address, Path(env["COACH_HOME"]))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(look: tuple[int, str], browser: Any, place: Place) -> Iterator[Any]:
    """A window of somebody who was never here."""
    history = SqlHistory.at(place.home / "history.db")
    history.delete_everything()
    history.close()
    shutil.rmtree(place.home / "own", ignore_errors=True)
    opened, elsewhere = window(browser, *look), []
    opened.on("request", lambda sent: elsewhere.append(sent.url) if not sent.url.startswith((place.address, "data:")) else None)
    opened.address = place.address
    yield opened
    assert fits(opened)
    assert [url for url in elsewhere if not url.startswith(f"blob:{place.address}")] == []
    opened.context.close()


def focused(page: Any, name: str) -> None:
    """Wait until the keyboard is at what is called `name` or says it."""
    called = "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText)"
    page.wait_for_function(f"name => {called}.includes(name)", arg=name)


def test_the_orientation_is_shown_on_the_first_visit_and_never_again(page: Any) -> None:
    page.goto(page.address)
    page.get_by_text(ORIENTATION).wait_for()
    page.reload()
    page.get_by_role("button", name="Practice 3 questions").wait_for()
    settle(page)
    assert not page.get_by_text(ORIENTATION).count()


def test_an_answer_is_asked_for_and_a_citation_opens_its_passage(page: Any) -> None:
    page.goto(page.address)
    ask(page, GREEN)
    page.get_by_role("button", name="Quiz me").wait_for()
    assert page.url.startswith(f"{page.address}/ask?c=")
    cited = page.get_by_role("button", name="1", exact=True).first
    cited.press("Enter")
    passage = page.get_by_role("dialog")
    passage.get_by_role("heading", name=GREEN).wait_for()
    assert passage.locator("span[style*='background']").first.inner_text().startswith("Green tea is brewed")
    assert passage.get_by_role("link", name="A paper").get_attribute("href") == "https://arxiv.org/abs/2005.11401"
    page.keyboard.press("Escape")
    passage.wait_for(state="hidden")
    assert cited.evaluate("button => button === document.activeElement")
    page.get_by_role("button", name="Explain simply").press("Enter")
    page.get_by_text("Explain simply", exact=True).first.wait_for()
    focused(page, "Ask about generative AI")


def test_what_is_not_there_is_refused_and_what_is_near_can_be_asked(page: Any) -> None:
    page.goto(f"{page.address}/ask")
    ask(page, "Who won the football match yesterday evening?")
    page.get_by_text("That is not in the material.").wait_for()
    focused(page, "Ask about generative AI")
    page.get_by_text("Nearest in the material").wait_for()
    page.locator("[class*=st-key-near-] button").first.press("Enter")
    page.get_by_role("button", name="Quiz me").wait_for()


def test_a_question_is_practiced_with_hints_by_keyboard_and_its_draft_survives_a_reload(page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(f"{page.address}/practice?id=TE01")
    box = page.get_by_label("Your answer")
    box.fill("Half an ans")
    box.blur()
    page.get_by_role("button", name="Hint (3 left)").press("Enter")
    page.get_by_text("Hint 1.").wait_for()
    focused(page, "Your answer")
    page.reload()
    page.get_by_text("Hint 1.").wait_for()
    expect(box).to_have_value("Half an ans")
    box.fill(GOOD)
    box.press("Control+Enter")
    page.get_by_text("What you got right").wait_for()
    focused(page, GREEN)
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Done").wait_for()
    focused(page, "Done")
    page.reload()
    page.get_by_role("heading", name="Done").wait_for()


def test_an_interview_is_held_by_keyboard_reloaded_disputed_and_its_report_taken_away(page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(f"{page.address}/interview")
    page.get_by_role("spinbutton", name="Questions").fill("2")
    page.get_by_role("button", name="Start").press("Enter")
    page.get_by_text("question 1 of 2").wait_for()
    focused(page, "Your answer")
    box = page.get_by_label("Your answer")
    box.fill(VAGUE)
    box.blur()
    settle(page)
    page.reload()
    expect(box).to_have_value(VAGUE)
    box.press("Control+Enter")
    page.get_by_role("button", name="I did say that").first.click()
    page.get_by_role("textbox", name="Or copy other words of your answer").fill("the firing comes early")
    page.get_by_role("button", name="Judge this point again").press("Enter")
    page.get_by_text("You disputed").wait_for()
    page.get_by_role("button", name="Next question").press("Enter")
    page.get_by_text("question 2 of 2").wait_for()
    focused(page, "Your answer")
    box.fill(GOOD)
    box.press("Control+Enter")
    page.get_by_role("button", name="Finish and see the report").press("Enter")
    page.get_by_role("heading", name="Report").wait_for()
    focused(page, "Report")
    assert "You disputed" in taken(page, "Markdown")
    assert "<script" not in taken(page, "HTML to print")
    told = json.loads(taken(page, "JSON"))
    assert len(told["questions"]) == 2
    page.reload()
    page.get_by_role("heading", name="Report").wait_for()


def taken(page: Any, label: str) -> str:
    """What is downloaded by the button that says `label`."""
    with page.expect_download() as download:
        page.get_by_role("button", name=label, exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_the_bank_is_searched_as_one_types_and_the_way_back_leads_to_what_was_found(page: Any) -> None:
    page.goto(f"{page.address}/bank")
    search = page.get_by_label("Search")
    search.press_sequentially("green tea", delay=30)
    page.get_by_text("1 of 3 questions").or_(page.get_by_text("2 of 3 questions")).wait_for()
    assert search.evaluate("box => box === document.activeElement")
    page.get_by_role("link", name=GREEN).click()
    page.get_by_role("button", name="Practice this").wait_for()
    assert page.url.endswith("/question?id=TE01")
    assert not page.get_by_text("water well below boiling").is_visible()
    page.get_by_text("Show the answer").click()
    page.get_by_text("water well below boiling").wait_for()
    assert fits(page)
    page.go_back()
    page.get_by_role("link", name=GREEN).wait_for()
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
    assert page.url.endswith("/progress?tab=history")


def test_a_wrong_key_is_told_and_nothing_of_it_stays(page: Any, place: Place) -> None:
    with scripted(listing=status(401, "Incorrect API key provided.")) as server:
        page.goto(f"{page.address}/settings")
        page.get_by_role("radio", name="Language model").press("Space")
        page.get_by_label("Model (COACH_MODEL)").fill("small")
        page.get_by_label("Base URL (OPENAI_BASE_URL)").fill(server.url)
        page.get_by_role("textbox", name="Key (OPENAI_API_KEY)").fill(KEY)
        page.get_by_role("button", name="Use this model").press("Enter")
        page.get_by_text("Nothing was changed.").wait_for()
        assert "refuses the key" in page.get_by_role("alert").inner_text()
    page.reload()
    page.get_by_text("Nothing. There is no language model").wait_for()
    assert KEY not in page.content()
    assert not [file for file in place.home.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()]


def test_notes_are_pasted_uploaded_deleted_and_brought_back(page: Any) -> None:
    page.goto(f"{page.address}/sources?tab=notes")
    page.get_by_text("Nothing is here yet.").wait_for()
    page.get_by_label("Name").fill("Job description")
    page.get_by_label("Text, or paste it").fill(SPLICE)
    page.get_by_role("button", name="Keep").press("Enter")
    page.get_by_text("1 passage", exact=False).first.wait_for()
    page.get_by_text("Add notes").click()
    plan = {"name": "plan.md", "mimeType": "text/markdown", "buffer": b"# Plan\n\nLearn to tie a bowline before spring comes."}
    page.locator("input[type=file]").set_input_files(plan)
    page.get_by_text("1 passage", exact=False).nth(1).wait_for()
    assert fits(page)
    page.reload()
    page.get_by_role("button", name="Delete").nth(1).press("Enter")
    page.get_by_text("Deleted: plan.md.").wait_for()
    focused(page, "Undo")
    page.get_by_role("button", name="Undo").press("Enter")
    page.get_by_text("Deleted: plan.md.").wait_for(state="hidden")
    page.get_by_text("1 passage", exact=False).nth(1).wait_for()


def test_light_or_dark_is_chosen_and_kept(page: Any, look: tuple[int, str]) -> None:
    other = "Dark" if look[1] == "light" else "Light"
    page.goto(f"{page.address}/settings")
    settle(page)
    before = page.locator(".stApp").evaluate("app => getComputedStyle(app).backgroundColor")
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_role("menuitemradio", name=other).click()
    page.reload()
    settle(page)
    assert page.locator(".stApp").evaluate("app => getComputedStyle(app).backgroundColor") != before
