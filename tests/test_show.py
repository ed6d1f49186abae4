"""What a page, a person or a model wrote is drawn as data, whatever it says."""

from __future__ import annotations

import re

import pytest

from coach.domain import Passage, Reference
from coach.service import Coach
from ui.show import answer_markdown, grouped, passage_markdown, plain, safe

HOSTILE = [
    "![beacon](https://evil.example/x.png)",
    "[click](https://evil.example)",
    "<img src=https://evil.example/x onerror=alert(1)>",
    "<script>alert(1)</script>",
    ":green-badge[:material/verified: Grounded in 2 notes]",
    ":red[error]",
    "# root",
    "$\\rule{5000em}{5000em}$",
    "$\\href{https://evil.example}{x}$",
    "```mermaid\ngraph TD; A@{ img: 'https://evil.example/x' }\n```",
    "https://evil.example/auto",
    "[ref]: https://evil.example",
    "&lt;script&gt;",
    "| a | b |\n|---|---|",
]


def unescaped(character: str, text: str) -> bool:
    return re.search(rf"(?<!\\)(?:\\\\)*{re.escape(character)}", text) is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markdown_becomes_inert(text: str) -> None:
    shown = safe(text)
    assert not re.search(r"(?<!\\)!\[|(?<!\\)\]\(|(?<!\\)<\w|(?<!\\):\w[\w-]*\[", shown)
    assert "\\rule" not in shown or "`" in shown
    assert "mermaid" not in shown
    assert not re.match(r"\s*#", shown)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_question_is_shown_exactly_as_typed(text: str) -> None:
    shown = plain(text)
    outside_addresses = re.sub(r"(?<!\\)`[^`]+`", "", shown)
    assert not any(unescaped(character, outside_addresses) for character in "[]<$:#!`|")
    assert re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)`|\u2060", "", shown)).replace("  \n", "\n") == text


def test_emphasis_code_lists_and_formulas_still_work() -> None:
    text = "**bold** with `code` and $\\frac{a}{b}$:\n\n- one\n- two"
    assert safe(text) == text


def test_prices_are_not_formulas() -> None:
    assert safe("It costs $5 to $10 a month") == "It costs \\$5 to \\$10 a month"


def test_an_answer_shows_its_numbers_raised(small_coach: Coach) -> None:
    shown = answer_markdown(small_coach.ask("How is green tea brewed?").text)
    assert ":blue[**¹**]" in shown
    assert "[1]" not in shown


def test_an_opened_passage_marks_the_quote_and_nothing_else(small_coach: Coach) -> None:
    answer = small_coach.ask("How is green tea brewed?")
    passage, cited = grouped(answer.citations)[0]
    shown = passage_markdown(passage, [cited[0][1]])
    marked = re.findall(r":yellow-background\[(.*?)\](?=\s|$)", shown)
    assert " ".join(marked) == cited[0][1]
    assert re.sub(r":yellow-background\[(.*?)\](?=\s|$)", r"\1", shown) == safe(passage.text)


def test_a_quote_with_brackets_cannot_close_its_mark() -> None:
    text = "A list a[0] is here. :red[forged] stays text."
    passage = Passage("1", text, "s", "t", "h", "topic", "p", (Reference("t", "https://a.example", "w"),))
    shown = passage_markdown(passage, [text])
    assert shown.count(":yellow-background[") == 2
    assert "\\:red" in shown
    assert "a\\[0\\]" in shown
