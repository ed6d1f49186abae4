"""Markdown becomes sections, sections become passages; nothing is cut where it must not be, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document as LlamaDocument
from llama_index.core.schema import MetadataMode

from coach.domain import Origin, Passage
from coach.text import words
from ingest.document import Document
from ingest.markdown import document_of
from ingest.nodes import PassageParser, entries_of
from ingest.split import MOST_WORDS

PAGE = """---
title: Brewing tea
---
Tea is a drink made of leaves.

# Green tea

Water below boiling. See [the guide](https://tea.example/green).

```
# not a heading
```

Steeping
--------

| minutes | taste |
|---|---|
| 2 | mild |
"""


def read(text: str) -> Document:
    return document_of(text, "tea.md", "tea", Origin.DOCUMENT)


def passages(text: str) -> list[Passage]:
    return [entry.passage for entry in entries_of([read(text)])]


def test_each_heading_begins_a_section_that_knows_its_lines() -> None:
    found = read(PAGE)
    assert [(section.path, section.place) for section in found.sections] == [
        ((), "line 4"),
        (("Green tea",), "lines 8-12"),
        (("Green tea", "Steeping"), "lines 17-19"),
    ]


def test_the_title_is_that_of_the_front_matter_then_the_only_top_heading_then_the_given_one() -> None:
    assert read(PAGE).title == "Brewing tea"
    assert read("# Green tea\n\nBelow boiling.").title == "Green tea"
    assert read("# One\n\ntext\n\n# Two\n\ntext").title == "tea"
    assert read("Only text.").title == "tea"


def test_the_title_is_not_repeated_in_the_path_of_headings() -> None:
    (section,) = read("# Green tea\n\n## *Steeping* time\n\nTwo minutes.").sections
    assert section.path == ("Steeping time",)


def test_each_passage_of_a_long_section_knows_its_own_lines() -> None:
    text = "\n# Tea\n\n   \n" + "".join(f"Word {number} of many about tea, one line each time.\n\n" for number in range(60))
    found = passages(text)
    lines = text.split("\n")
    assert len(found) > 2
    for passage in found:
        first, last = map(int, passage.place.removeprefix("lines ").split("-"))
        assert "\n".join(lines[first - 1 : last]) == passage.text


def test_a_heading_inside_a_fence_is_code() -> None:
    (section,) = read("# Tea\n\n```\n# not a heading\n```").sections
    assert "# not a heading" in section.text


def test_links_stay_with_the_passage_that_holds_them() -> None:
    (passage,) = [passage for passage in passages(PAGE) if passage.links]
    assert [(link.title, link.url) for link in passage.links] == [("the guide", "https://tea.example/green")]


def test_only_web_addresses_are_links() -> None:
    (section,) = read("[a](mailto:x@y.example) [b](javascript:alert(1)) [c](//host/x) [d](https://)\n").sections
    assert section.links == ()


def test_a_table_and_a_fence_are_never_cut() -> None:
    table = "| a | b |\n|---|---|\n" + "\n".join(f"| row {n} | some words in a cell |" for n in range(200))
    fence = "```python\n" + "\n".join(f"print({n})  # one more line" for n in range(200)) + "\n```"
    found = [passage.text for passage in passages(f"# T\n\nSome words come before it here.\n\n{table}\n\n{fence}\n")]
    assert any(table in text for text in found)
    assert any(fence in text for text in found)


@pytest.mark.parametrize(
    "formula", ["$$ x = 1. Then y = 2. $$", "\\[ x = 1. Then y = 2. \\]", "$$\nx = 1.\n\nThen y = 2. And z\n$$"]
)
def test_a_formula_is_never_cut(formula: str) -> None:
    before = "Some more words about tea stand here. " * 35
    found = [passage.text for passage in passages(f"{before}{formula} And more words follow it here.\n\n{before}")]
    assert len(found) > 1
    assert sum(formula in text for text in found) == 1


def test_the_parser_runs_in_anybody_s_pipeline() -> None:
    table = "| a | b |\n|---|---|\n| some words | in a cell |"
    told = {"source": "tea.md", "file_type": "text/markdown"}
    (node,) = IngestionPipeline(transformations=[PassageParser()]).run(documents=[LlamaDocument(text=table, metadata=told)])
    assert node.get_content(MetadataMode.NONE) == table
    assert node.metadata == {**told, "number": 1, "place": ""}


def test_what_announces_a_list_stays_with_it() -> None:
    before = "One more sentence of prose about tea. " * 18
    found = [passage.text for passage in passages(f"{before}\n\nThere are two kinds:\n\n- green tea\n- black tea\n")]
    assert any("two kinds:\n\n- green tea" in text for text in found)


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    found = passages("Water is heated until it is nearly boiling. " * 200)
    assert len(found) > 1
    assert all(len(passage.text.split()) <= MOST_WORDS and passage.text.endswith(".") for passage in found)


def test_a_passage_keeps_its_id_when_another_section_changes() -> None:
    one = "# Tea\n\n## A\n\nGreen tea is steeped briefly.\n\n## B\n\nBlack tea is steeped longer.\n"
    other = one.replace("Green tea is steeped briefly.", "Green tea is steeped briefly.\n\nAnd below boiling, of course.")
    ids = {passage.heading: passage.id for passage in passages(one)}
    assert {passage.heading: passage.id for passage in passages(other)} == ids


def test_ids_of_headings_that_repeat_differ() -> None:
    found = passages("## Notes\n\nGreen tea is steeped briefly.\n\n## Notes\n\nBlack tea is steeped longer.\n")
    assert len({passage.id for passage in found}) == 2


def test_invisible_characters_are_dropped() -> None:
    (section,) = read("Tea\u200b is \u202egood\u202c.\n").sections
    assert section.text == "Tea is good."


@given(
    st.lists(
        st.sampled_from(
            ["# H one", "plain words stand here now", "- an item of four", "", "| a b | c d |", "```", "> quoted words are here"]
        )
    )
)
def test_no_prose_is_lost(lines: list[str]) -> None:
    text = "\n".join(["Words that come first here.", *lines])
    kept = [word for section in read(text).sections for word in words(section.text)]
    assert sum(word == "plain" for word in kept) == sum(line.startswith("plain") for line in lines)


@given(st.text(alphabet="ab #`|-*_[]()<>$\\\n\t.:!", max_size=300))
def test_any_text_becomes_passages_that_stand_in_it(text: str) -> None:
    document = read(text)
    for entry in entries_of([document]):
        assert any(entry.passage.text in section.text for section in document.sections)
        assert all(piece.is_window for piece in entry.pieces)
