"""`python -m bench.pages`: how long a warm page switch takes, from the click to the first paint of the page's title.

The app runs over the index in COACH_HOME and three evenings of practice; each page is visited ROUNDS times. After every
visit a bare Streamlit app switches between two empty pages, so that a busy machine is as busy for both.
"""

from __future__ import annotations

import itertools
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench.plain import plain
from coach.settings import load_settings
from tests.browser import chromium, running, settle, window
from tests.pictures import evenings

ROUNDS = 8
BARE = "a bare empty page"

# Milliseconds from the click on a link of the navigation to the frame after the first other title.
_SWITCH = """
name => new Promise(painted => {
  const links = [...document.querySelectorAll('[data-testid=stTopNavLink]')];
  const before = document.querySelector('h1')?.innerText;
  const began = performance.now();
  const look = () => {
    const title = document.querySelector('h1');
    if (title && title.innerText !== before) {
      requestAnimationFrame(() => painted(performance.now() - began));
    } else if (performance.now() - began < 10000) requestAnimationFrame(look);
    else painted(NaN);
  };
  links.find(link => link.innerText.endsWith(name)).click();
  look();
})
"""


def names(page: Any) -> list[str]:
    """The pages that the navigation leads to."""
    return [link.inner_text().split("\n")[-1] for link in page.locator("[data-testid=stTopNavLink]").all()]


def measured(ours: Any, bare: Any) -> dict[str, list[float]]:
    """Milliseconds of each visit, by page; the first round, which warms, does not count."""
    found = names(ours)
    times: dict[str, list[float]] = {name: [] for name in (*found, BARE)}
    empty = itertools.cycle(names(bare)[1:3])
    for round_ in range(ROUNDS + 1):
        for name in [*found[1:], found[0]]:
            for page, link, to in ((ours, name, name), (bare, next(empty), BARE)):
                took = page.evaluate(_SWITCH, link)
                settle(page)
                if round_:
                    times[to].append(took)
    return times


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(load_settings().index_folder, Path(home) / "index")
        evenings(load_settings().model_copy(update={"home": Path(home)}))
        with running({"COACH_HOME": home}) as address, plain() as other, chromium() as browser:
            windows = [window(browser, 1280, "light") for _ in range(2)]
            for page, start in zip(windows, (address, other), strict=True):
                page.goto(start)
                settle(page)
            times = measured(*windows)
    for name, each in times.items():
        print(f"{name:20} p50 {statistics.median(each):5.0f} ms   most {max(each):5.0f} ms")
    everything = sorted(one for name, each in times.items() for one in each if name != BARE)
    print(
        f"{'all of ours':20} p50 {statistics.median(everything):5.0f} ms   p95 {everything[int(0.95 * len(everything))]:5.0f} ms"
    )
    print(f"load of the machine {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
