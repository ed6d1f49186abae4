"""`python -m tests.pictures FOLDER`: every page of the app at two widths, light and dark, as PNG files to look at.

The app runs over the index in COACH_HOME and a history of its own: three evenings of practice by a candidate who knows
half of what is asked.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from coach.interview import Picking, Setup, Step
from coach.interviewer import Interviewer
from coach.settings import Settings, load_settings
from coach.wiring import make_history, open_coach, open_interviewer
from ingest.read import whole_bank
from tests.browser import SCHEMES, WIDTHS, chromium, running, settle, window

_QUESTIONS = 4
_QUESTION = "How does HNSW find neighbors, and what do I give up?"
_SAID = (
    "HNSW keeps a graph in several layers and walks it greedily: it starts at the top and moves to whichever neighbor is closer "
    "to the query, then goes down a layer. A larger ef means better recall and slower queries. The links between the nodes "
    "take extra memory beside the vectors."
)


@dataclass(frozen=True)
class View:
    """A page as a visitor sees it after `act`."""

    name: str
    path: str
    act: Callable[[Any], None] = settle


def answered(page: Any) -> None:
    page.get_by_text("HNSW answers a nearest-neighbor query").first.wait_for()


def refused(page: Any) -> None:
    page.get_by_text("That is not in the material.").first.wait_for()


def passage(page: Any) -> None:
    page.get_by_role("button", name="1", exact=True).first.click()
    page.get_by_role("dialog").wait_for()


def opened(page: Any) -> None:
    settle(page)
    page.locator("[data-testid=stExpander] summary").evaluate_all("found => found.forEach(summary => summary.click())")


def feedback(page: Any) -> None:
    """Told the first time, and found there again by the windows that follow."""
    page.get_by_role("button", name="Practice this").click()
    told, box = page.get_by_role("button", name="I did say that"), page.get_by_label("Your answer")
    told.or_(box).first.wait_for()
    if box.is_visible():
        _reply(page)
    told.first.wait_for()


def report(page: Any) -> None:
    page.get_by_role("spinbutton", name="Questions").fill("1")
    page.get_by_role("button", name="Start").click()
    _reply(page)
    page.get_by_role("button", name="Finish and see the report").click()
    page.get_by_role("heading", name="Report").wait_for()


def _reply(page: Any) -> None:
    box = page.get_by_label("Your answer")
    box.fill(_SAID)
    box.press("Control+Enter")


VIEWS = (
    View("today", "/"),
    View("today-open", "/", opened),
    View("ask", "/ask"),
    View("ask-answer", f"/ask?q={_QUESTION}", answered),
    View("ask-passage", f"/ask?q={_QUESTION}", passage),
    View("ask-refusal", "/ask?q=What is the capital of Peru?", refused),
    View("interview", "/interview"),
    View("history", "/history"),
    View("practice", "/practice"),
    View("bank", "/bank"),
    View("question", "/question?id=VD11"),
    View("progress", "/progress"),
    View("sources", "/sources"),
    View("settings", "/settings", opened),
    View("feedback", "/question?id=VD11", feedback),
    View("report", "/interview", report),
)


def evenings(settings: Settings, topics: tuple[str, str, str] = ("rag", "vector-db", "llm-prompting")) -> None:
    """Three evenings of practice in the history that is set, each on a topic; the last is not finished."""
    coach = open_coach(settings)
    interviewer = open_interviewer(coach, whole_bank(settings.corpus).topics, settings, make_history(settings))
    began = interviewer.now()
    for days, topic in zip((6, 3, 0), topics, strict=True):
        _evening(replace(interviewer, now=_clock(began - timedelta(days=days))), topic, left_open=not days)
    profile = replace(interviewer.profile(), interview_on=(began + timedelta(days=12)).date(), welcomed=True)
    interviewer.set_profile(profile)
    interviewer.history.close()


def _clock(at: datetime) -> Callable[[], datetime]:
    return lambda: at


def _evening(interviewer: Interviewer, topic: str, *, left_open: bool) -> None:
    interview = interviewer.begin(Setup(topics=(topic,), questions=_QUESTIONS, picking=Picking.RANDOM, seed=7))
    while interview.turn and interview.step is not Step.OVER and not (left_open and interview.asked == _QUESTIONS):
        points = interviewer.question(interview.turn).key_points
        said = " ".join(point.text for point in points[: 1 + interview.asked % 3])
        interview = interviewer.go_on(interviewer.reply(interview, said, 3))
        interview = interviewer.next(interview)


def take(address: str, folder: Path, views: tuple[View, ...] = VIEWS) -> None:
    """One picture for each view, width and scheme."""
    with chromium() as browser:
        for width in WIDTHS:
            for scheme in SCHEMES:
                page = window(browser, width, scheme)
                for view in views:
                    page.set_viewport_size({"width": width, "height": WIDTHS[width]})
                    page.goto(f"{address}{view.path}")
                    view.act(page)
                    settle(page)
                    _grow(page, width)
                    page.screenshot(path=folder / f"{view.name}-{width}-{scheme}.png")
                page.context.close()


def _grow(page: Any, width: int) -> None:
    """Make the window as tall as what is in it: Streamlit scrolls inside."""
    tall = page.evaluate("Math.max(...[...document.querySelectorAll('*')].map(part => part.scrollHeight))")
    page.set_viewport_size({"width": width, "height": max(WIDTHS[width], tall)})
    page.wait_for_timeout(300)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="views whose name contains this")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(load_settings().index_folder, Path(home) / "index")
        evenings(load_settings().model_copy(update={"home": Path(home)}))
        with running({"COACH_HOME": home}) as address:
            take(address, chosen.folder, tuple(view for view in VIEWS if not chosen.only or chosen.only in view.name))


if __name__ == "__main__":
    main()
