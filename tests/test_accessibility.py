"""axe looks at every page, dialog and popover of the running app, and the keyboard reaches what a mouse does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from coach.interview import Setup
from coach.settings import Settings, load_settings
from coach.wiring import make_history, open_coach, open_interviewer
from ingest.read import whole_bank
from tests.browser import chromium, needs_chromium, running, settle, small_bank, window
from tests.pictures import View, evenings, opened

pytestmark = needs_chromium
_ASKED = "/ask?q=How is green tea brewed?"


def pressed(*names: str) -> Callable[[Any], None]:
    """The first button of each name is pressed, by keyboard."""

    def act(page: Any) -> None:
        for name in names:
            page.get_by_role("button", name=name).first.press("Enter")
            settle(page)

    return act


def cited(page: Any) -> None:
    page.get_by_role("button", name="1", exact=True).first.press("Enter")
    page.get_by_role("dialog").wait_for()


def answered(page: Any) -> None:
    page.get_by_label("Your answer").fill("The leaves steep for two minutes, and the kettle stays where it is.")
    page.get_by_label("Your answer").press("Control+Enter")
    page.get_by_role("button", name="Done").wait_for()
    opened(page)


def reported(page: Any) -> None:
    page.locator("[class*=st-key-row-]").get_by_role("link").first.click()
    page.get_by_role("heading", name="Report").wait_for()
    opened(page)


def with_model(page: Any) -> None:
    page.get_by_role("radio", name="Language model").press("Space")
    opened(page)


# The pages, then what opens on them.
PAGES = (
    View("today", "/", opened),
    View("ask", "/ask"),
    View("answer", _ASKED),
    View("refusal", "/ask?q=Who won the football match yesterday evening?"),
    View("interview", "/interview", opened),
    View("practice", "/practice", opened),
    View("bank", "/bank"),
    View("question", "/question?id=TE01", opened),
    View("progress", "/progress", opened),
    View("sources", "/sources"),
    View("notes", "/sources?tab=notes"),
    View("settings", "/settings", opened),
)
OPEN = (
    View("passage", _ASKED, cited),
    View("more", _ASKED, pressed("More")),
    View("conversations", "/ask", pressed("Conversations")),
    View("account", "/ask", pressed("Nothing leaves this machine")),
    View("live", "/practice?id=TE01", pressed("Hint")),
    View("feedback", "/practice?id=TE01", answered),
    View("dispute", "/practice?id=TE01", pressed("I did say that")),
    View("done", "/practice?id=TE01", pressed("Done")),
    View("renaming", "/progress?tab=history", pressed("Rename")),
    View("report", "/progress?tab=history", reported),
    View("model", "/settings", with_model),
)

# What Streamlit draws and we cannot change: the rule, and a part of the markup it is about.
STREAMLITS_OWN = (("svg-img-alt", "graphics-document"),)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over the small bank and three evenings of practice."""
    with small_bank(tmp_path_factory.mktemp("accessibility")) as env:
        evenings(load_settings(), ("tea", "sailing", "tea"))
        _many_more(load_settings())
        with running(env) as url:
            yield url


def _many_more(settings: Settings) -> None:
    """So many interviews that their list has a second page."""
    coach = open_coach(settings)
    interviewer = open_interviewer(coach, whole_bank(settings.corpus).topics, settings, make_history(settings))
    for _ in range(10):
        interviewer.end(interviewer.begin(Setup(questions=1)))
    interviewer.history.close()
    coach.index.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as launched:
        yield launched


@pytest.fixture
def page(look: tuple[int, str], browser: Any) -> Iterator[Any]:
    opened = window(browser, *look)
    yield opened
    opened.context.close()


@pytest.fixture(scope="module")
def desk(browser: Any) -> Any:
    """One window for all that is done by keyboard: a new one would load all of Streamlit's code again."""
    return window(browser, 1280, "light")


def serious(page: Any) -> list[str]:
    """The serious and critical violations that are ours, one line each."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{found['id']}: {node['html'][:150]} {node.get('failureSummary', '')[:300]}"
        for found in Axe().run(page).response["violations"]
        if found["impact"] in {"serious", "critical"}
        for node in found["nodes"]
        if not any(found["id"] == rule and part in node["html"] for rule, part in STREAMLITS_OWN)
    ]


def test_nothing_has_a_serious_barrier(page: Any, address: str, look: tuple[int, str], pytestconfig: pytest.Config) -> None:
    """Two seconds a view, so without `--all-looks` half of them at each look."""
    half = PAGES if look == (390, "dark") else OPEN
    barriers = {}
    for view in (*PAGES, *OPEN) if pytestconfig.getoption("all_looks") else half:
        page.goto(f"{address}{view.path}")
        settle(page)
        if view.act is not settle:
            view.act(page)
            settle(page)
        if found := serious(page):
            barriers[view.name] = found
    assert not barriers


# The keyboard. A stop is what Tab leads to: what it is called, how far down it stands, and how it and its frame look.
_LOOKS = """const looks = (at) => {
  const found = [];
  for (let one = at; one && found.length < 5; one = one.parentElement) {
    const style = getComputedStyle(one);
    found.push([style.outline, style.boxShadow, style.borderColor, style.backgroundColor, style.color].join());
  }
  return found.join(' | ');
};"""
_STOP = f"""() => {{
  {_LOOKS}
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const again = window.stops.includes(at);
  if (!again) window.stops.push(at);
  const scrolled = document.querySelector('[data-testid=stMain]')?.scrollTop || 0;
  const box = at.getBoundingClientRect();
  const name = at.getAttribute('aria-label') || at.innerText || at.placeholder || at.tagName;
  return {{name: name.trim().slice(0, 60), top: box.top + scrolled, tall: box.height, looks: looks(at),
          main: !!at.closest('[data-testid=stMain]'), again}};
}}"""
_BLURRED = f"""() => {{
  {_LOOKS}
  document.activeElement.blur();
  return window.stops.map(looks);
}}"""
# What can be reached by a mouse and takes part in the order of Tab, but was no stop; within a group, arrows lead on.
_MISSED = """() => {
  const reached = (one) => {
    const group = one.closest('[role=radiogroup], [role=toolbar], [role=tablist]') || one;
    return window.stops.some((stop) => group.contains(stop));
  };
  return [...document.querySelectorAll('a[href], button, input, textarea, summary, [tabindex]')]
    .filter((one) => one.tabIndex >= 0 && !one.disabled && !reached(one) && one.getClientRects().length
      && one.checkVisibility({visibilityProperty: true, opacityProperty: true}))
    .map((one) => one.outerHTML.slice(0, 200));
}"""
_MOST_STOPS = 120


def stops(page: Any) -> list[dict[str, Any]]:
    """Where Tab leads from the top of the page, until it comes round."""
    page.add_style_tag(content="* { transition: none !important; animation: none !important; }")
    page.evaluate("document.activeElement.blur(), window.stops = []")
    found: list[dict[str, Any]] = []
    while len(found) < _MOST_STOPS:
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None or stop["again"]:
            return found
        found.append(stop)
    raise AssertionError(f"Tab does not come round: {[stop['name'] for stop in found[-5:]]}")


@pytest.mark.parametrize("view", PAGES, ids=lambda view: view.name)
def test_tab_leads_through_everything_from_top_to_bottom_and_shows_where_it_is(desk: Any, address: str, view: View) -> None:
    desk.goto(f"{address}{view.path}")
    settle(desk)
    found = stops(desk)
    assert desk.evaluate(_MISSED) == []
    assert [stop["name"] for stop, blurred in zip(found, desk.evaluate(_BLURRED), strict=True) if stop["looks"] == blurred] == []
    inside = [stop for stop in found if stop["main"]]
    upward = [(one["name"], two["name"]) for one, two in pairwise(inside) if two["top"] + two["tall"] < one["top"]]
    assert upward == []


@pytest.mark.parametrize(("path", "name"), [(_ASKED, "More"), ("/ask", "Nothing leaves this machine")])
@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_popover_opens_and_closes_by_keyboard(desk: Any, address: str, path: str, name: str, key: str) -> None:
    desk.goto(f"{address}{path}")
    trigger = desk.get_by_role("button", name=name)
    trigger.wait_for()
    settle(desk)
    trigger.press(key)
    body = desk.get_by_test_id("stPopoverBody")
    body.wait_for()
    desk.keyboard.press("Escape")
    body.wait_for(state="hidden")
    desk.wait_for_function("button => button === document.activeElement", arg=trigger.element_handle())


def test_a_dialog_keeps_the_keyboard_until_it_is_closed_and_gives_it_back(desk: Any, address: str) -> None:
    desk.goto(f"{address}{_ASKED}")
    desk.get_by_role("button", name="Quiz me").wait_for()
    settle(desk)
    cited(desk)
    for _ in range(8):
        desk.keyboard.press("Tab")
        assert desk.evaluate("!!document.activeElement.closest('[role=dialog]') || document.activeElement === document.body")
    desk.keyboard.press("Escape")
    desk.get_by_role("dialog").wait_for(state="hidden")
    desk.wait_for_function("() => document.activeElement.innerText === '1'")


def test_tabs_and_pages_are_turned_by_keyboard(desk: Any, address: str) -> None:
    desk.goto(f"{address}/progress")
    desk.get_by_role("tab", name="Overview").press("ArrowRight")
    desk.get_by_role("button", name="Rename").first.wait_for()
    settle(desk)
    first = desk.locator("[class*=st-key-row-]").first.inner_text()
    desk.get_by_test_id("stPagination").get_by_role("button", name="2").press("Enter")
    desk.wait_for_function("text => document.querySelector('[class*=st-key-row-]').innerText !== text", arg=first)
