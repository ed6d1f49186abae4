"""The running app in a real browser: what Streamlit's test runner cannot see."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import ROOT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app as `coach app` starts it, over the real bank and the real model, from no index at all."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    env = {**os.environ, "COACH_HOME": str(home), "COACH_CORPUS": str(_few_topics(tmp_path_factory.mktemp("corpus")))}
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "app", "--port", str(port), "--address", "127.0.0.1"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _few_topics(folder: Path) -> Path:
    """Two topics of the bank are enough to see the whole way, and quick to embed."""
    (folder / "bank").mkdir()
    for topic in ("vector-db", "chunking"):
        shutil.copy(ROOT / "corpus" / "bank" / f"{topic}.md", folder / "bank")
    return folder


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2400):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/api/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate()[0].decode())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield launched
        launched.close()


@pytest.fixture(params=[(1280, 900, "light"), (390, 844, "dark")], ids=["desktop-light", "phone-dark"])
def page(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    width, height, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    opened = context.new_page()
    opened.set_default_timeout(90_000)
    opened.foreign = []
    opened.on(
        "request", lambda sent: opened.foreign.append(sent.url) if not sent.url.startswith((address, "data:", "blob:")) else None
    )
    opened.goto(f"{address}/ask")
    yield opened
    context.close()


def test_the_first_visit_may_be_to_any_page(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/history")
    page.get_by_role("link", name="Interview").first.wait_for()
    assert not page.get_by_role("link", name="app", exact=True).count()
    page.goto(f"{address}/ask?q=What+is+chunking")
    page.get_by_text("Chunking means").first.wait_for()
    page.close()


def ask(page: Any, question: str) -> None:
    box = page.get_by_role("textbox", name="Ask about generative AI")
    box.fill(question)
    box.press("Enter")


def test_a_question_is_answered_and_its_citation_opens_the_passage(page: Any) -> None:
    ask(page, "How does HNSW find neighbours, and what do I give up?")
    page.get_by_text("HNSW answers a nearest-neighbor query").first.wait_for()
    page.get_by_role("button", name="1", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("heading", name="How does HNSW find nearest neighbors").wait_for()
    assert "bank/vector-db.md, VD11" in dialog.inner_text()
    assert dialog.locator("span[style*='background']").first.inner_text().startswith("HNSW answers")
    links = dialog.get_by_role("link").evaluate_all("found => found.map(link => link.href)")
    assert "https://arxiv.org/abs/1603.09320" in links
    page.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    assert page.foreign == []


def test_what_is_not_there_is_refused_with_near_topics(page: Any) -> None:
    ask(page, "What is the capital of Peru?")
    page.get_by_text("That is not in the material.").first.wait_for()
    assert page.get_by_text("Nearest in the material").is_visible()
    assert page.foreign == []


def test_nothing_is_wider_than_the_screen(page: Any) -> None:
    ask(page, "How does HNSW find neighbours, and what do I give up?")
    page.get_by_text("HNSW answers a nearest-neighbor query").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_practice_interview_is_answered_left_and_taken_up_again(page: Any, address: str) -> None:
    from playwright.sync_api import expect

    page.goto(f"{address}/interview")
    page.get_by_role("button", name="Start").click()
    box = page.get_by_label("Your answer")
    box.fill("A chunk is a piece of a document that is embedded and found by itself.")
    box.press("Control+Enter")
    page.get_by_role("button", name="Passage").first.click()
    page.get_by_role("dialog").get_by_text("What it stands on").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Next question").click()
    page.get_by_text("question 2 of 5").wait_for()
    box.fill("Half an ans")
    box.blur()
    page.get_by_role("button", name="Hint (3 left)").click()
    page.get_by_text("Hint 1.").wait_for()
    page.reload()
    page.get_by_text("Hint 1.").wait_for()
    expect(box).to_have_value("Half an ans")
    page.get_by_role("button", name="End").click()
    page.get_by_role("button", name="End it").click()
    page.get_by_role("heading", name="Report").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML to print").click()
    assert "<script" not in Path(download.value.path()).read_text()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.foreign == []


def test_the_server_forbids_what_a_passage_could_load(address: str) -> None:
    with urllib.request.urlopen(address, timeout=5) as answer:
        policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
