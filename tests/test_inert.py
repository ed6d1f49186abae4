"""Nothing in a drawn text links, loads or poses as ours: asked of a Markdown parser, not of our own patterns."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ui.inert import plain, safe

# What a text must not become. Streamlit's parser knows more (directives, formulas), which the patterns below ask for.
ALIVE = {"image", "link_open", "html_inline", "html_block", "heading_open", "blockquote_open", "hr"}
MARKDOWN = MarkdownIt("commonmark")
PIECES = (
    "![a](b)",
    "[a](b)",
    "<b>",
    "`",
    "``",
    "```",
    "~~~",
    "\\",
    "\n",
    " ",
    "- ",
    "    ",
    "#",
    "$",
    "x",
    "> ",
    "1. ",
    "\t",
    "* ",
    "_",
    "=",
    "---",
)

ESCAPES = [
    "`` ![x](https://evil.example/x.png) `",
    "```foo`bar\n![x](https://evil.example/x.png)\n```",
    "a ` b\nc `![x](https://evil.example/x.png)` d",
    "- a\n  ```\n  code\n![x](https://evil.example/x.png)\n  ```",
    "````\n```\n![x](https://evil.example/x.png)",
    "- # root",
    "1. ## root",
    "$x$ [y](https://evil.example) $z$",
    "$a](b$",
    "a\n- ",
    "a\n-",
    "- - -",
    "* * *",
    "_ _ _",
    "***",
]


def becomes(markdown: str) -> set[str]:
    """The kinds of all that a parser finds in it."""
    found = MARKDOWN.parse(markdown)
    return {token.type for block in found for token in (block, *(block.children or ()))}


@pytest.mark.parametrize("text", ESCAPES)
def test_no_way_out_of_code_is_left(text: str) -> None:
    assert not becomes(safe(text)) & ALIVE
    assert not becomes(plain(text)) & ALIVE


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_no_mixture_of_markup_comes_alive(text: str) -> None:
    assert not becomes(safe(text)) & ALIVE
    assert not becomes(plain(text)) & ALIVE


@pytest.mark.parametrize(
    "fence", ["```mermaid", "  ```Mermaid", "```mer&#109;aid", "~~~ mermaid x", "````mermaid", "```mermaid\n- a"]
)
def test_no_fence_names_a_language_that_runs(fence: str) -> None:
    opened = [token.info for token in MARKDOWN.parse(safe(f"{fence}\nA@{{ img: 'https://evil.example' }}\n```"))]
    assert "mermaid" not in " ".join(opened).lower()


@pytest.mark.parametrize("text", ["https://evil.example/a_b", "HTTP://evil.example", "www.evil.example", "me@evil.example"])
@pytest.mark.parametrize("around", ["{}", "see {}.", "**{}**", "({})", "`a`{}", "{}`a`", "\\{}"])
def test_an_address_is_code_and_so_no_link(text: str, around: str) -> None:
    for shown in (safe(around.format(text)), plain(around.format(text))):
        assert f"`{text}`" in shown
        assert {"code_inline"} <= becomes(shown)


@pytest.mark.parametrize("text", [":material/verified:", ":tada:", "a :streamlit: b"])
def test_no_name_of_an_icon_draws_it(text: str) -> None:
    for shown in (safe(text), plain(text)):
        assert not re.search(r":[\w+/-]+:", shown.replace("\\", ""))


@pytest.mark.parametrize("body", [r"\rule{5000em}{5000em}", r"a\\[5000em]b", r"\href{x}{y}", r"a\\" * 12 + "b"])
def test_a_formula_that_is_no_formula_is_shown_as_code(body: str) -> None:
    assert safe(f"${body}$") == f"`{body}`"


def test_code_in_a_list_stays_code() -> None:
    assert safe("1. a\n   ```python\n   x = [1]\n   ```\n2. b") == "1. a\n```python\nx = [1]\n```\n2. b"


def test_code_that_is_still_being_written_is_closed() -> None:
    assert safe("```python\nx = 1") == "```python\nx = 1\n```"


@given(st.text(alphabet=st.sampled_from("ab*_#[]()!<>`$:\\|~-+. \n"), max_size=60))
def test_a_plain_text_reads_as_it_was_typed(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", plain(text)).replace("  \n", "\n").replace("\u2060", "") == text
