"""axe looks at every page of the running app, at two widths, light and dark, and the keyboard reaches what a mouse does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coach.settings import load_settings
from ingest.refresh import refresh
from tests.browser import CHROMIUM, SCHEMES, WIDTHS, chromium, running, settle, window
from tests.material import write_corpus
from tests.pictures import View, evenings, opened

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium"),
]

VIEWS = (
    View("today", "/", opened),
    View("ask", "/ask"),
    View("answer", "/ask?q=How is green tea brewed?"),
    View("refusal", "/ask?q=Who won the football match yesterday evening?"),
    View("interview", "/interview", opened),
    View("practice", "/practice", opened),
    View("bank", "/bank"),
    View("question", "/question?id=TE01", opened),
    View("progress", "/progress", opened),
    View("sources", "/sources"),
    View("settings", "/settings", opened),
)

# What Streamlit draws and we cannot change: the rule, and a part of the markup it is about.
STREAMLITS_OWN = (("svg-img-alt", "graphics-document"),)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over the small bank and three evenings of practice."""
    folder = tmp_path_factory.mktemp("accessibility")
    corpus = write_corpus(folder / "corpus")
    env = {"COACH_HOME": str(folder / "home"), "COACH_CORPUS": str(corpus), "COACH_EMBEDDER": "hashing"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        refresh(load_settings())
        evenings(load_settings(), ("tea", "sailing", "tea"))
    with running(env) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as launched:
        yield launched


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


@pytest.mark.parametrize(("width", "scheme"), list(zip(WIDTHS, SCHEMES, strict=True)))
def test_no_page_has_a_serious_barrier(browser: Any, address: str, width: int, scheme: str) -> None:
    page = window(browser, width, scheme)
    barriers = {}
    for view in VIEWS:
        page.goto(f"{address}{view.path}")
        view.act(page)
        settle(page)
        if found := serious(page):
            barriers[view.name] = found
    page.context.close()
    assert not barriers
