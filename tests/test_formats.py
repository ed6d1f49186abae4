from __future__ import annotations

import hashlib
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.errors import BadInput
from ingest.formats.items import Item, ItemsRead
from ingest.formats.layout import Layout
from ingest.formats.overrides import SUFFIX, line_digest
from ingest.formats.read import parse, read_items
from ingest.formats.reading import without_readings
from tests.material import TEA


def items(text: str) -> tuple[Item, ...]:
    return parse(text, "bank.md").items


def prompts(text: str) -> list[str]:
    return [item.prompt for item in items(text)]


def reasons(text: str) -> dict[int, str]:
    """Why each line that was left out was."""
    skipped = parse(text, "bank.md").skipped
    return {line: one.reason for one in skipped for line in range(one.first, one.last + 1)}


HEADINGS = """\
Some words about this list. Is it any good?

## Preamble
Read a lot.

## Table of Contents
1. ~~Why brew tea?~~
2. [Sailing](#sailing)

## Tea

### What is green tea?
It is tea.
#### How it is made:
By hand. See [tea](https://en.wikipedia.org/wiki/Tea_(drink)).

1. pick
2. dry

Further reading:
- [On tea](https://tea.example/a?b=c&d)
### Explain oolong
```
# What is this line? A quotation.
```

### Books everyone should know
- [One](https://books.example/1)

## Sailing
_Note:_ wind is needed.

### Compare keels and centerboards
    Quoted by four blanks.

## License
MIT
"""


def test_headings_become_questions_and_what_is_below_their_answers() -> None:
    read = parse(HEADINGS, "tea.md")
    assert read.layouts == (("tea.md", Layout.HEADINGS),)
    assert [item.prompt for item in read.items] == ["What is green tea?", "Explain oolong", "Compare keels and centerboards"]
    green = read.items[0]
    assert (green.path, green.at, green.last) == (("Tea",), "tea.md:12", 21)
    assert "#### How it is made:" in green.answer
    assert "2. dry" in green.answer
    assert [link.url for link in green.links] == ["https://en.wikipedia.org/wiki/Tea_(drink)", "https://tea.example/a?b=c&d"]
    assert green.links[1].title == "On tea"


def test_what_is_no_question_is_left_out_with_its_reason() -> None:
    said = reasons(HEADINGS)
    assert said[1] == said[31] == "stands before the first question of its section"
    assert said[3] == said[4] == said[37] == "about the document, not a question"
    assert said[7] == said[8] == "table of contents"
    assert said[27] == said[28] == "a reading list, not a question: Books everyone should know"
    assert said[10] == "a heading: the topic of what follows"


def test_a_level_higher_the_same_headings_are_read_alike() -> None:
    higher = re.sub(r"^#(#+)", r"\1", HEADINGS, flags=re.MULTILINE)
    assert prompts(higher) == prompts(HEADINGS)


@pytest.mark.parametrize(
    "heading",
    [
        *("### 7. What is tea?", "### Q7: **What is tea?**", "7. ### What is tea?", "###What is tea?", "### What is tea? ###"),
        *("<h3>What is tea?</h3>", "<details><summary><b>What is tea?</b></summary>", "What is tea?\n---"),
    ],
)
def test_a_heading_is_read_however_it_is_written(heading: str) -> None:
    (item,) = items(f"{heading}\nA drink.\n")
    assert (item.prompt, item.answer) == ("What is tea?", "A drink.")


NUMBERED = """\
# Questions on boats

Owner: nobody

## Sails

1. **What is a jib?**
- Answer:
    - A sail.
        
        ![a jib](https://pictures.example/jib.png)
        

---

2. How does a keel
   work?
- Answer:
    
    **Answer:**
    It resists drift:
    
    1. by its depth,
    2. by its weight.

    ### **More on keels:**

    What else? Nothing.
    
    ---

---

**3.** Name the parts of a mast

- Answer**:**
    Many.

3.  ****Compare a ketch and a yawl.**

- Answer
    The mizzen.

### Engines

**1. When should the engine run**

- Answer: In a calm.
"""  # noqa: W293


def test_numbered_questions_keep_their_indented_answers() -> None:
    read = parse(NUMBERED, "boats.md")
    assert read.layouts == (("boats.md", Layout.NUMBERED),)
    assert [item.prompt for item in read.items] == [
        "What is a jib?",
        "How does a keel work?",
        "Name the parts of a mast",
        "Compare a ketch and a yawl.",
        "When should the engine run",
    ]
    assert [item.first for item in read.items] == [7, 16, 34, 39, 46]
    assert [item.path[-1] for item in read.items] == ["Sails"] * 4 + ["Engines"]


def test_no_marker_of_an_answer_stays_in_it() -> None:
    read = items(NUMBERED)
    assert all(item.answer and "Answer" not in item.answer for item in read)
    assert read[1].answer.endswith("What else? Nothing.")
    assert "2. by its weight.\n\n### **More on keels:**" in read[1].answer
    assert read[0].answer.startswith("- A sail.")
    assert read[4].answer == "In a calm."


def test_lists_at_the_margin_of_an_answer_are_not_taken_for_questions() -> None:
    text = "1. What is X?\nAnswer: In order:\n1. open it\n2. read it\n3. close it\n\n2. What is Y?\nAnswer: Y.\n"
    assert prompts(text) == ["What is X?", "What is Y?"]
    assert items(text)[0].answer.endswith("3. close it")


def test_numbers_may_restart_without_a_heading() -> None:
    assert len(items("1. What is X?\n2. What is Y?\n\n1. What is Z?\n2. Explain W in full.\n")) == 4


def test_numbers_restart_below_a_heading_whatever_the_line_says() -> None:
    text = (
        "## One\n\n**1)** What is X?\n\nX.\n\n**2)** Y at length.\n\n### Steps\n1. first\n\n## Two\n\n**1) Z.** Print it.\n\nZ.\n"
    )
    assert prompts(text) == ["What is X?", "Y at length.", "Z. Print it."]


def test_a_source_behind_a_question_is_a_link_of_it_not_its_text() -> None:
    (item,) = items("#### 1) What is X? [[src](https://x.example/a)] [[source 2]](https://x.example/b)\n\nX.\n")
    assert (item.prompt, len(item.links)) == ("What is X?", 2)


def test_labels_and_bold_type_are_layouts_too() -> None:
    labeled = "Q1. What is X?\nA1. X it is.\n\nQ2: How does Y work\nA: Well.\nAnd fast.\n"
    assert [(item.prompt, item.answer) for item in items(labeled)] == [
        ("What is X?", "X it is."),
        ("How does Y work", "Well.\nAnd fast."),
    ]
    bold = "# T\n**What is X?**\nX. What else?\n\n**Advantages:**\n- none\n\n**Explain Y**\n\nY.\n"
    assert prompts(bold) == ["What is X?", "Explain Y"]
    inline = "1. **What is X?** X it is.\n2. **What is Y?**\n   Y.\n"
    assert [item.answer for item in items(inline)] == ["X it is.", "Y."]


PLAIN = """\
# Questions

## A. Boats

1. What is a jib?

2. Explain the keel.



Questions on tea:

What is tea?

Explaining oolong in detail.

 How is it brewed?(water, heat)

Tea ceremony

How long does
black tea steep?

What should a cup be made of?
Hint: think of heat,
and of taste.
What is a tisane?
Discuss tisanes made of herbs and of roots.

Why cool the water?

Describe how bitter water that boils makes the tea.
 
"""  # noqa: W293


def test_a_question_a_line_numbered_or_not() -> None:
    read = parse(PLAIN, "list.txt")
    assert read.layouts == (("list.txt", Layout.PLAIN),)
    assert [item.prompt for item in read.items] == [
        "What is a jib?",
        "Explain the keel.",
        "What is tea?",
        "Explaining oolong in detail.",
        "How is it brewed?",
        "Tea ceremony",
        "How long does black tea steep?",
        "What should a cup be made of?",
        "What is a tisane?",
        "Discuss tisanes made of herbs and of roots.",
        "Why cool the water?",
        "Describe how bitter water that boils makes the tea.",
    ]
    by_prompt = {item.prompt: item for item in read.items}
    assert by_prompt["What is a jib?"].path == ("Questions", "A. Boats")
    assert by_prompt["What is tea?"].path == ("Questions", "Questions on tea")
    assert by_prompt["How is it brewed?"].tags == ("water, heat",)
    assert by_prompt["What should a cup be made of?"].hint == "think of heat, and of taste."
    assert by_prompt["How long does black tea steep?"].first == 21
    assert not by_prompt["Tea ceremony"].asks


def test_an_order_that_may_be_a_hint_is_reported_not_guessed() -> None:
    read = parse(PLAIN, "list.txt")
    assert [doubt.line for doubt in read.doubts] == [28, 32]
    assert line_digest("Discuss tisanes made of herbs and of roots.") in str(read.doubts[0])


@pytest.mark.parametrize("beside", [True, False])
def test_an_override_file_settles_what_no_layout_tells(tmp_path: Path, beside: bool) -> None:
    bank = tmp_path / "list.txt"
    bank.write_text(PLAIN, encoding="utf-8")
    hint = line_digest("Discuss tisanes made of herbs and of roots.")
    question = line_digest("Describe how bitter water that boils makes the tea.")
    dropped = line_digest("Tea ceremony")
    decided = [(29, hint, "hint"), (33, question, "question"), (20, dropped, "skip")]
    lines = [{"line": line, "sha256": digest, "is": role} for line, digest, role in decided]
    file = tmp_path / ("list.txt" + SUFFIX if beside else "mine.json")
    file.write_text(json.dumps({"lines": lines}), encoding="utf-8")
    read = read_items(bank, None if beside else file)
    assert len(read.items) == 10
    assert next(item for item in read.items if item.prompt == "What is a tisane?").hint.startswith("Discuss tisanes")
    assert not read.doubts
    assert "left out by an override" in {skipped.reason for skipped in read.skipped}


def test_a_broken_override_file_says_what_is_wrong(tmp_path: Path) -> None:
    bank, file = tmp_path / "list.txt", tmp_path / "mine.json"
    bank.write_text(PLAIN, encoding="utf-8")
    file.write_text('{"lines": [{"line": 1, "sha256": "00", "is": "hint"}]}')
    with pytest.raises(BadInput, match=r"lines\.0\.sha256"):
        read_items(bank, file)
    file.rename(tmp_path / ("list.txt" + SUFFIX))
    (tmp_path / "other.txt").write_text(PLAIN, encoding="utf-8")
    read = read_items(tmp_path)
    assert len(read.items) == 12
    assert "lines.0.sha256" in str(read.skipped[0])


def test_the_overrides_in_the_package_hold_hashes_and_no_text() -> None:
    for file in (Path(__file__).parent.parent / "ingest" / "formats" / "overrides").iterdir():
        assert len(file.stem) == hashlib.sha256().digest_size * 2
        assert {key for line in json.loads(file.read_text())["lines"] for key in line} == {"line", "sha256", "is"}


NOTES = """\
My notes
My notes
1. Tea vs. coffee:
Tea: leaves in water, see:
Detail: “a leaf” is dried. Kinds: green, black. Resources: a book
Resources:
2. Brewing:
Steps: heat and pour.
1. heat
2. pour
3. Cups:
Clay.
Leave a comment
"""


def test_numbered_titles_become_topic_notes() -> None:
    read = parse(NOTES, "notes.txt")
    assert [(item.prompt, item.asks) for item in read.items] == [("Tea vs. coffee", False), ("Brewing", False), ("Cups", False)]
    assert read.items[1].answer == "Steps: heat and pour.\n1. heat\n2. pour"
    assert read.items[2].answer == "Clay."
    assert reasons(NOTES) == {
        1: "stands before the first question of its section",
        2: "stands before the first question of its section",
        13: "belongs to the page, not to the answer",
    }


def test_sections_of_one_file_may_be_laid_out_differently() -> None:
    text = "# T\n## One\n### What is A?\na\n### What is B?\nb\n### Explain C\nc\n## Two\n"
    text += "1. What is D?\n   - Answer: d\n2. Why E?\n   - Answer: e\n"
    assert [(item.prompt, item.answer, item.path[-1]) for item in items(text)] == [
        ("What is A?", "a", "One"),
        ("What is B?", "b", "One"),
        ("Explain C", "c", "One"),
        ("What is D?", "d", "Two"),
        ("Why E?", "e", "Two"),
    ]


def test_our_own_format_is_read_as_ever() -> None:
    read = parse(f"# Tea\n\nAbout tea.\n\n{TEA}\n## TE02 Half a question?\n", "tea.md")
    (item,) = read.items
    assert item.question is not None
    assert len(item.question.key_points) == 1
    assert (item.path, item.first) == (("Tea",), 5)
    assert "no section **Answer**" in read.skipped[-1].reason


def test_prose_without_a_question_is_no_bank() -> None:
    read = parse("# A story\n\nOnce upon a time.\n\nThe end.\n", "story.md")
    assert not read.items
    assert {skipped.reason for skipped in read.skipped} == {"nothing in this file looks like a question"}


def test_a_reading_list_is_no_answer() -> None:
    assert without_readings("Cut small.\n\nRecommended Reading:\n- [One](https://x.example)\n\nThat is all.") == (
        "Cut small.\n\nThat is all."
    )
    assert without_readings("A loaded question, but here are some resources:\n- [One](https://x.example)") == ""
    assert without_readings("- [One](https://x.example)") == ""
    listed = "Distances include:\n- [Cosine](https://x.example)"
    assert without_readings(listed) == listed


# Whatever a bank is made of, nothing in it is lost.

_SHAPES = (
    *("# T {}", "## Section {}", "### What is {}?", "#### Part {}:", "### Explain {}", "## Table of Contents {}", "## License"),
    *("1. What is {}?", "2. {}", "**3.** Why {}", "**4. How {}?**", "5.  ****Compare {} and so on.**", "6. Title {}:", "1) {}"),
    *("- Answer: {}", "- Answer", "- Answer**:**", "    **Answer:** {}", "A: {}", "Hint: {}", "**Hint:** {}", "Q7: What {}?"),
    *("**What is {}?**", "**{}**", "What is {}?", "Describe {} in full.", "Topic {}", "Questions on {}:", "lower {} goes on"),
    *("    indented {}", "        1. deeper {}", "- bullet {}", "- Is {} a bullet?", "| {} | cell |", "> quote {}", "---", "***"),
    *("```", "~~~~", "    ```", "<details>", "<summary>What is {}?</summary>", "</details>", "<!-- {}", "-->", "===", ""),
    *("[{}](https://x.example/{})", "[{}](#{})", "Leave a comment", "\u00a0{}\u00a0", "Further reading:", "", "", "   "),
)


@st.composite
def _banks(draw: st.DrawFn) -> tuple[str, dict[int, str]]:
    """A mixture of all layouts, and the word by which each line that has one is known."""
    shapes = draw(st.lists(st.sampled_from(_SHAPES), min_size=1, max_size=40))
    marks = {number: f"w{number}w" for number, shape in enumerate(shapes, 1) if "{}" in shape}
    return "\n".join(shape.replace("{}", marks.get(n, "")) for n, shape in enumerate(shapes, 1)), marks


def _places(read: ItemsRead) -> list[tuple[int, int]]:
    return sorted([(item.first, item.last) for item in read.items] + [(one.first, one.last) for one in read.skipped])


@settings(max_examples=400)
@given(_banks(), st.sampled_from([None, *Layout]))
def test_every_line_is_in_an_item_or_left_out_with_a_reason(bank: tuple[str, dict[int, str]], layout: Layout | None) -> None:
    text, marks = bank
    read = parse(text, "any.md", layout=layout)
    places = _places(read)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(places))
    covered = {line for first, last in places for line in range(first, last + 1)}
    written = {number for number, line in enumerate(text.split("\n"), 1) if line.strip()}
    assert written <= covered or read.skipped[0].reason == "is empty"
    for item in read.items:
        said = f"{item.prompt} {item.answer} {item.hint} {item.tags} {item.links}"
        assert all(mark in said for line, mark in marks.items() if item.first <= line <= item.last)


@settings(max_examples=200)
@given(st.text())
def test_any_text_at_all_is_accounted_for(text: str) -> None:
    read = parse(text, "any.md")
    covered = {line for first, last in _places(read) for line in range(first, last + 1)}
    assert {number for number, line in enumerate(text.split("\n"), 1) if line.strip()} <= covered
