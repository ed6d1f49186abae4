"""How long a person looks at nothing: from Enter to the first visible stage and to the whole answer, in a real browser.

    python -m bench.ask_page         # over the index in COACH_HOME

The times are the browser's own: a key press, then the first frame that shows a stage, and the one that shows the whole
answer. After every question a bare Streamlit chat of ten lines is asked the same, so that a busy machine is as busy for both.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.plain import plain
from coach.settings import load_settings
from tests.browser import chromium, running, settle, window

QUESTIONS = (
    "How does HNSW find neighbors, and what do I give up?",
    "How do I choose a chunk size?",
    "When would you fine-tune instead of using RAG?",
    "What is nucleus sampling?",
    "Why do transformers need positional encodings?",
)
# Notes when Enter was pressed, when the page first showed a stage below the question, and when it stood still after that.
_WATCH = r"""
() => {
  const messages = () => document.querySelectorAll('[data-testid=stChatMessage]');
  const still = () => !!document.querySelector('[data-testid=stApp][data-test-script-state=notRunning]');
  let before = 0;
  window.seen = {};
  const look = () => {
    const seen = window.seen, all = messages();
    if (!seen.enter || seen.answer || all.length < before + 2) return;
    const said = all[all.length - 1].querySelector('[data-testid=stChatMessageContent]')?.innerText ?? '';
    const note = name => requestAnimationFrame(() => { seen[name] ??= performance.now() - seen.enter; look(); });
    if (!seen.stage && said.trim()) note('stage');
    if (seen.stage && still() && !document.querySelector('.st-key-stop')) note('answer');
  };
  document.addEventListener('keydown', event => {
    if (event.key !== 'Enter') return;
    before = messages().length;
    window.seen = {enter: performance.now()};
  }, true);
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true, attributes: true});
}
"""
_PATIENCE_MS = 30_000


def asked(page: Any, question: str) -> tuple[float, float]:
    """Milliseconds from Enter to the first stage, and to the whole answer. Raises TimeoutError."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    for _ in range(_PATIENCE_MS // 50):
        seen = page.evaluate("window.seen")
        if "answer" in seen:
            settle(page)
            return seen["stage"], seen["answer"]
        page.wait_for_timeout(50)
    raise TimeoutError(f"No answer to {question!r} within {_PATIENCE_MS / 1000:.0f} s.")


def conversation(browser: Any, addresses: Sequence[str]) -> list[list[tuple[float, float]]]:
    """Each question in turn at each address, one after the other, so that the pages get longer."""
    windows = [window(browser, 1280, "light") for _ in addresses]
    for page, address in zip(windows, addresses, strict=True):
        page.goto(address)
        page.get_by_test_id("stChatInputTextArea").wait_for()
        settle(page)
        page.evaluate(_WATCH)
    times = [[asked(page, question) for page in windows] for question in QUESTIONS]
    for page in windows:
        page.context.close()
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=4)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(load_settings().index_folder, Path(home) / "index")
        with running({"COACH_HOME": home}) as ours, plain() as bare, chromium() as browser:
            addresses = (f"{ours}/ask", f"{bare}/chat")
            times = [pair for _ in range(chosen.rounds) for pair in conversation(browser, addresses)]
    for name, column in zip(("ours", "a bare chat"), zip(*times, strict=True), strict=True):
        for what, each in zip(("first stage", "whole answer"), zip(*column, strict=True), strict=True):
            p95 = statistics.quantiles(each, n=20)[-1]
            print(f"{name:12} {what:13} p50 {statistics.median(each):4.0f} ms, p95 {p95:4.0f} ms, n {len(each)}")
    print(f"load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
