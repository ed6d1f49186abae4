"""Ask in a real browser, with a language model on a scripted server: stop, reload, two tabs, the keyboard, a phone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.asking import GREEN, HONEST, OOLONG
from tests.browser import ask, chromium, fits, needs_chromium, running, small_bank, window
from tests.llm_server import Exchange, Scripted, Step, scripted, stall, stream

pytestmark = needs_chromium
FIRST = "Green tea is brewed with water well below boiling, at about 75 degrees"
STOPPED = "You stopped this answer before its end."


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as launched:
        yield launched


@dataclass(frozen=True)
class Place:
    """The app over the small bank with a language model: its address, the model's server, and what that says next."""

    address: str
    server: Scripted
    says: deque[Step]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    says: deque[Step] = deque()

    def next_said(exchange: Exchange) -> None:
        says.popleft()(exchange)

    with (
        small_bank(tmp_path_factory.mktemp("ask")) as env,
        scripted(*[next_said] * 20) as server,
        running({**env, "COACH_MODEL": "small", "OPENAI_BASE_URL": server.url}) as address,
    ):
        yield Place(address, server, says)


@pytest.fixture
def place(shared: Place) -> Place:
    shared.server.hung_up.clear()
    shared.says.clear()
    return shared


def opened(browser: Any, address: str, width: int = 1280) -> Any:
    page = window(browser, width, "light")
    page.goto(f"{address}/ask")
    page.get_by_role("textbox", name="Ask about generative AI").wait_for()
    return page


def hanging() -> Step:
    """A model that writes its first sentences and then nothing more."""
    return stream(f"{HONEST} ", "The leaves", finish=None, then=stall)


def test_stop_ends_the_call_and_keeps_what_had_come(browser: Any, place: Place) -> None:
    place.says.extend([hanging()])
    page = opened(browser, place.address)
    ask(page, GREEN)
    page.get_by_text(FIRST).wait_for()
    page.get_by_role("button", name="Stop").click()
    assert place.server.hung_up.wait(1)
    page.get_by_text(STOPPED).wait_for()
    page.reload()
    page.get_by_text(STOPPED).wait_for()
    page.get_by_role("button", name="Try again").wait_for()
    assert page.get_by_text(FIRST).count() == 1


def test_a_reload_in_the_middle_ends_the_call_and_loses_nothing_shown(browser: Any, place: Place) -> None:
    place.says.extend([hanging()])
    page = opened(browser, place.address)
    ask(page, GREEN)
    page.get_by_text(FIRST).wait_for()
    page.reload()
    assert place.server.hung_up.wait(5)
    page.get_by_text(FIRST).wait_for()
    page.get_by_text(STOPPED).wait_for()


def test_the_next_question_stops_the_one_being_answered(browser: Any, place: Place) -> None:
    place.says.extend([hanging(), stream("Oolong is oxidized only in part, while black tea is oxidized fully [1].")])
    page = opened(browser, place.address)
    ask(page, GREEN)
    page.get_by_text(FIRST).wait_for()
    ask(page, OOLONG)
    page.get_by_text("Oolong is oxidized only in part").wait_for()
    page.get_by_text(STOPPED).wait_for()


def test_two_tabs_do_not_mix(browser: Any, place: Place) -> None:
    slow = stream(*HONEST.replace(" ", " |").split("|"), pause=0.1)
    other = stream("A boat sails against the wind by tacking [1].")
    place.says.extend([slow, other])
    one, two = opened(browser, place.address), opened(browser, place.address)
    ask(one, GREEN)
    one.get_by_text(FIRST).wait_for()
    ask(two, "How can a boat sail against the wind?")
    two.get_by_text("by tacking").first.wait_for()
    one.get_by_role("button", name="Quiz me").wait_for()
    assert not one.get_by_text("tacking").count()
    assert not two.get_by_text("Green tea").count()
    assert one.url != two.url


def test_on_a_phone_by_keyboard_alone(browser: Any, place: Place) -> None:
    place.says.extend([stream(HONEST), stream(HONEST)])
    page = opened(browser, place.address, width=390)
    for number in range(2):
        ask(page, GREEN)
        page.get_by_text("12 tokens, cost unknown").nth(number).wait_for()
        assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
        assert fits(page)
    page.get_by_role("button", name="1", exact=True).first.press("Enter")
    page.get_by_role("dialog").get_by_text("What it stands on").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Conversations").press("Enter")
    drawer = page.get_by_role("dialog", name="Conversations")
    drawer.get_by_role("textbox").fill("scalds")
    drawer.get_by_role("textbox").press("Enter")
    drawer.get_by_text("makes the cup bitter").or_(drawer.get_by_text("scalds the leaves")).first.wait_for()
    assert fits(page)
