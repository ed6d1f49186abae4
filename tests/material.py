"""A bank of three small topics, written for the tests."""

from __future__ import annotations

from pathlib import Path

QUESTION = """\
## {id} {prompt}

Level: mid · As of: 2026-11 · Tags: test

**Also asked**

- {asked}

**Answer**

{answer}

**Key points**

- (3) {point}
  - {said}

**Misconceptions**

- {wrong}
  - Rather: {right}

**Follow-ups**

- And what then?

**References**

- [A paper](https://arxiv.org/abs/2005.11401): where it comes from.
"""

TEA = QUESTION.format(
    id="TE01",
    prompt="How is green tea brewed?",
    asked="what temperature for green tea",
    answer=(
        "Green tea is brewed with water well below boiling, at about 75 degrees. Boiling water scalds the leaves and makes "
        "the cup bitter.\n\nThe leaves steep for two minutes. A second infusion from the same leaves needs less time."
    ),
    point="Green tea is brewed with water below boiling.",
    said="You let the kettle cool before pouring.",
    wrong="Green tea is brewed with boiling water for ten minutes.",
    right="the water stays below boiling.",
)
OOLONG = QUESTION.format(
    id="TE02",
    prompt="What sets oolong apart from black tea?",
    asked="oolong or black tea, whats the difference",
    answer=(
        "Oolong is oxidized only in part, while black tea is oxidized fully. Partial oxidation keeps floral notes that black "
        "tea has lost.\n\nThree steps matter:\n\n- withering softens the leaf,\n- bruising starts oxidation,\n- firing stops it."
    ),
    point="Oolong is oxidized only in part.",
    said="Its oxidation is stopped half way.",
    wrong="Oolong and black tea come from different plants.",
    right="both come from the same plant.",
)
SAILS = QUESTION.format(
    id="SA01",
    prompt="How can a boat sail against the wind?",
    asked="why do boats zigzag upwind",
    answer=(
        "A boat sails against the wind by tacking: it zigzags at an angle to it. The sail works as a wing whose lift pulls the "
        "boat forward, and the keel keeps it from sliding sideways.\n\nNo boat can point straight into the wind, because the "
        "sail then only flutters."
    ),
    point="A boat sails against the wind by tacking at an angle.",
    said="You go in zigzags, never straight upwind.",
    wrong="A boat can sail straight into the wind if its keel is deep enough.",
    right="the sail flutters when it points into the wind.",
)


def write_corpus(folder: Path) -> Path:
    """A corpus with two topics and three questions under `folder`."""
    (folder / "bank").mkdir(parents=True, exist_ok=True)
    (folder / "bank" / "tea.md").write_text(f"# Tea\n\nAbout tea.\n\n{TEA}\n{OOLONG}", encoding="utf-8")
    (folder / "bank" / "sailing.md").write_text(f"# Sailing\n\n{SAILS}", encoding="utf-8")
    return folder
