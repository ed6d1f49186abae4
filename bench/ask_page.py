"""How long a person looks at nothing: from Enter to the first visible stage and to the whole answer, in a real browser.

    coach app &    # and wait until http://localhost:8501/api/health says it is ready
    python -m bench.ask_page http://localhost:8501 --chromium /usr/bin/chromium

The times are the browser's own: a key press, then the first change of the page that shows a stage or the answer.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from typing import Any

QUESTIONS = (
    "How does HNSW find neighbors, and what do I give up?",
    "How do I choose a chunk size?",
    "When would you fine-tune instead of using RAG?",
    "What is nucleus sampling?",
    "Why do transformers need positional encodings?",
)
# Notes when Enter was pressed, when the page first showed a stage, and when it stood still below one answer more.
_WATCH = r"""
() => {
  const answers = () => document.querySelectorAll('[data-testid=stChatMessage]').length / 2;
  const still = () => !!document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]');
  let before = 0;
  window.seen = {};
  const look = () => {
    const seen = window.seen, now = performance.now();
    if (!seen.enter || answers() <= before) return;
    const last = [...document.querySelectorAll('[data-testid=stChatMessage]')].at(-1).innerText;
    if (!seen.stage && last.trim()) seen.stage = now;
    if (seen.stage && still() && !document.querySelector('.st-key-stop')) seen.answer ??= now;
  };
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    before = answers();
    window.seen = {enter: performance.now()};
  }, true);
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}
"""
_PATIENCE_MS = 30_000


def measured(page: Any, question: str) -> tuple[float, float]:
    """Milliseconds from Enter to the first stage, and to the whole answer. Raises TimeoutError."""
    box = page.get_by_role("textbox", name="Ask about generative AI")
    box.fill(question)
    box.press("Enter")
    for _ in range(_PATIENCE_MS // 50):
        seen = page.evaluate("window.seen")
        if "answer" in seen:
            return seen["stage"] - seen["enter"], seen["answer"] - seen["enter"]
        page.wait_for_timeout(50)
    raise TimeoutError(f"No answer to {question!r} within {_PATIENCE_MS / 1000:.0f} s. Is the app warm?")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("address")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    parser.add_argument("--rounds", type=int, default=4)
    chosen = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=["--no-sandbox"])
        times = [time for _ in range(chosen.rounds) for time in _conversation(browser, chosen.address)]
        browser.close()
    for name, column in zip(("first stage", "whole answer"), zip(*times, strict=True), strict=True):
        p95 = statistics.quantiles(column, n=20)[-1]
        sys.stdout.write(f"{name}: p50 {statistics.median(column):.0f} ms, p95 {p95:.0f} ms, n {len(column)}\n")


def _conversation(browser: Any, address: str) -> list[tuple[float, float]]:
    """One after the other in one conversation, so that the page gets longer."""
    page = browser.new_page()
    page.goto(f"{address}/ask")
    page.get_by_role("textbox", name="Ask about generative AI").wait_for()
    page.wait_for_timeout(1_000)
    page.evaluate(_WATCH)
    times = [measured(page, question) for question in QUESTIONS]
    page.close()
    return times


if __name__ == "__main__":
    main()
