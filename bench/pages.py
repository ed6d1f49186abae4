"""`python -m bench.pages`: how long a warm page switch takes, from the click to the first paint of the page's title.

The app runs over the index in COACH_HOME and three evenings of practice; each page is visited ROUNDS times in turn.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from coach.settings import load_settings
from tests.browser import chromium, running, settle, window
from tests.pictures import evenings

ROUNDS = 8

# Milliseconds from the click on a link of the navigation to the frame after the first title that was not there before.
_SWITCH = """
name => new Promise(painted => {
  const links = [...document.querySelectorAll('[data-testid=stTopNavLink]')];
  const before = document.querySelector('h1');
  const began = performance.now();
  const look = () => {
    const title = document.querySelector('h1');
    if (title && title !== before && title.innerText !== before?.innerText) {
      requestAnimationFrame(() => painted(performance.now() - began));
    } else if (performance.now() - began < 10000) requestAnimationFrame(look);
    else painted(NaN);
  };
  links.find(link => link.innerText.endsWith(name)).click();
  look();
})
"""


def measured(page: Any, address: str) -> dict[str, list[float]]:
    """Milliseconds of each visit, by page; the first round, which warms, does not count."""
    page.goto(address)
    settle(page)
    names = [link.inner_text().split("\n")[-1] for link in page.locator("[data-testid=stTopNavLink]").all()]
    times: dict[str, list[float]] = {name: [] for name in names}
    for round_ in range(ROUNDS + 1):
        for name in [*names[1:], names[0]]:
            took = page.evaluate(_SWITCH, name)
            settle(page)
            if round_:
                times[name].append(took)
    return times


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        shutil.copytree(load_settings().index_folder, Path(home) / "index")
        evenings(load_settings().model_copy(update={"home": Path(home)}))
        with running({"COACH_HOME": home}) as address, chromium() as browser:
            times = measured(window(browser, 1280, "light"), address)
    everything = sorted(one for each in times.values() for one in each)
    for name, each in times.items():
        print(f"{name:12} p50 {statistics.median(each):5.0f} ms   most {max(each):5.0f} ms")
    print(f"{'all':12} p50 {statistics.median(everything):5.0f} ms   p95 {everything[int(0.95 * len(everything))]:5.0f} ms")


if __name__ == "__main__":
    main()
