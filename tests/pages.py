"""The app's pages in Streamlit's own test runner, over the small bank: how a test opens one and reads it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit import config
from streamlit.testing.v1 import AppTest

from coach.interview import Interview, Picking, Setup
from coach.interviewer import Interviewer
from coach.settings import load_settings
from ingest.refresh import refresh
from ui.state import doorway
from ui.unforeseen import SAID

# As the app's own config.toml has it, which the test runner does not read.
config.set_option("runner.magicEnabled", value=False)

SCRIPT = str(Path(__file__).resolve().parent.parent / "ui" / "app.py")
GOOD = "Green tea is brewed with water below boiling. Boiling water scalds the leaves and makes the cup bitter."
OFF_TOPIC = "My grandmother kept a red bicycle in the shed behind the orchard for thirty years."


def small_bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of a process over the small bank, with an index built and nothing kept."""
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    refresh(load_settings())
    st.cache_resource.clear()


def window(page: str = "interview", **query: str) -> AppTest:
    """A new browser window on a page."""
    app = AppTest.from_file(SCRIPT, default_timeout=30).run()
    app.switch_page(f"pages/{page}.py")
    app.query_params.update(query)
    return drawn(app)


def drawn(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    assert SAID not in [error.value for error in app.error]
    return app


def click(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return drawn(app)


def answer(app: AppTest, text: str) -> AppTest:
    app.text_area[0].set_value(text)
    return click(app, "submit")


def interviewer() -> Interviewer:
    """The one of this process."""
    return doorway().interviewer()


def tea(**changes: Any) -> Interview:
    """A begun interview about tea that asks how green tea is brewed first; its seed says so."""
    setup: dict[str, Any] = {"topics": ("tea",), "questions": 2, "picking": Picking.RANDOM, "seed": 0, **changes}
    return interviewer().begin(Setup(**setup))


def seen(app: AppTest) -> str:
    """What stands on the page, as a reader sees it."""
    heads = (app.title, app.header, app.subheader)
    kinds = (*heads, app.markdown, app.caption, app.info, app.success, app.error, app.warning, app.code)
    return re.sub(r"\\(.)", r"\1", "\n".join(str(element.value) for kind in kinds for element in kind))


def buttons(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}
