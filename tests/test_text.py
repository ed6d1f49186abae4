from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coach.text import BlockKind, blocks, clean, find_quote, sentences, shortened, units, words


def test_sentences_end_where_a_reader_ends_them() -> None:
    assert sentences("One is here. Two, e.g. this one, is there! Is it three?") == [
        "One is here.",
        "Two, e.g. this one, is there!",
        "Is it three?",
    ]


def test_formulas_code_and_numbers_do_not_end_a_sentence() -> None:
    assert sentences("Use $a. B$ with `x. Y` at 3.5 GB. Then stop here.") == [
        "Use $a. B$ with `x. Y` at 3.5 GB.",
        "Then stop here.",
    ]


def test_a_run_in_heading_stays_with_what_it_announces() -> None:
    assert sentences("The start is here. Trade-offs. It costs memory.") == ["The start is here.", "Trade-offs. It costs memory."]


def test_blocks_keep_fences_tables_and_items_whole() -> None:
    text = "Intro line\ngoes on.\n\n- one\n  more\n- two\n\n```python\na = 1\n\nb = 2\n```\n\n| a | b |\n|---|---|\n\nEnd."
    assert [block.kind for block in blocks(text)] == [
        BlockKind.PARAGRAPH,
        BlockKind.ITEM,
        BlockKind.ITEM,
        BlockKind.CODE,
        BlockKind.TABLE,
        BlockKind.PARAGRAPH,
    ]


@given(st.text(max_size=300))
def test_units_are_slices_of_their_text_in_order(text: str) -> None:
    end = 0
    for unit in units(text):
        assert text[unit.start : unit.end] == unit.text
        assert unit.start >= end
        end = unit.end


@given(st.lists(st.sampled_from(["a b.", "- item", "```", "| x |", "", "word", "$x$"]), max_size=12))
def test_no_word_of_a_text_is_lost_between_units(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert [word for unit in units(text) for word in words(unit.text)] == words(text)


def test_cleaning_removes_what_nobody_can_see() -> None:
    assert clean("in\u200bvis\u202eible\x00\U000e0041 text\nstays") == "invisible text\nstays"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_a_quote_is_found_across_line_breaks() -> None:
    assert find_quote("two   words", "here are two\nwords") == (9, 18)
    assert find_quote("three", "here are two") is None
    assert find_quote("  ", "anything") is None


@given(st.text(max_size=80), st.integers(min_value=2, max_value=40))
def test_shortening_never_exceeds_its_limit(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= max(limit, 1)


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


def test_a_letter_and_its_accent_parted_by_something_invisible_are_composed() -> None:
    assert clean("e\u200b\u0301") == "é"
