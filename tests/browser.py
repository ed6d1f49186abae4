"""The running app and a browser on it: what the browser tests and the pictures share."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from coach.settings import load_settings
from ingest.refresh import refresh
from tests.material import write_corpus

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = {1280: 900, 390: 844}
SCHEMES = ("light", "dark")
# Every look, and the two that prove both widths and both themes.
LOOKS = [(width, scheme) for scheme in SCHEMES for width in WIDTHS]
TWO_LOOKS = list(zip(WIDTHS, SCHEMES, strict=True))
needs_chromium = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; Debian: apt-get install chromium"),
]


@contextmanager
def running(env: Mapping[str, str]) -> Iterator[str]:
    """The app as `coach app` starts it, at its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ui.cli", "app", "--port", str(port), "--address", "127.0.0.1"],
        cwd=ROOT,
        env={**os.environ, **env},
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


@contextmanager
def small_bank(folder: Path) -> Iterator[dict[str, str]]:
    """The settings of an app over the small bank, in force for this process too, with its index built."""
    corpus = write_corpus(folder / "corpus")
    env = {"COACH_HOME": str(folder / "home"), "COACH_CORPUS": str(corpus), "COACH_EMBEDDER": "hashing"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        refresh(load_settings())
        yield env


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2400):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/api/health", timeout=1) as answer:
                if b'"ready":true' in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate()[0].decode())


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield launched
        launched.close()


def ask(page: Any, question: str) -> None:
    box = page.get_by_role("textbox", name="Ask about generative AI")
    box.fill(question)
    box.press("Enter")


def fits(page: Any) -> bool:
    """Nothing is wider than the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def window(browser: Any, width: int, scheme: str) -> Any:
    """A window of its own."""
    page = browser.new_context(viewport={"width": width, "height": WIDTHS[width]}, color_scheme=scheme).new_page()
    page.set_default_timeout(20_000)
    return page


def settle(page: Any) -> None:
    """Wait until the page is drawn and stands still."""
    from playwright.sync_api import expect

    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    # A kind of element that was not drawn before is fetched first, and a gray bar stands in its place.
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=20_000)
    page.wait_for_timeout(400)
