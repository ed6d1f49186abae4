"""PDFs, pages and notebooks are read in a child that may die; whoever asked gets a document or a reason."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st

from coach.domain import Origin
from coach.errors import ExtractError
from ingest.code import MOST_LINES, document_of_code
from ingest.document import Document
from ingest.sandbox import Job, Sandbox

SENTENCE = "Water is heated until it is nearly boiling and then poured over the leaves. "


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def booklet(*, outline: bool, password: str = "", chapters: int = 4) -> bytes:
    """A small PDF of a page a chapter, with a running head and page numbers."""
    pdf = FPDF()
    pdf.set_auto_page_break(auto=False)
    for number in range(1, chapters + 1):
        pdf.add_page()
        _line(pdf, "Journal of Tea, Volume 7", 8)
        if number == 1:
            _line(pdf, "On the Brewing of Tea", 22)
        if outline:
            pdf.start_section(f"{number} Chapter {number}")
        _line(pdf, f"{number} Chapter {number}", 14, "B")
        pdf.set_font("Helvetica", size=10)
        pdf.multi_cell(0, 5, SENTENCE * 12 + f"Thought {number} runs on and", new_x="LMARGIN", new_y="NEXT")
        _line(pdf, str(number), 8)
    if password:
        pdf.set_encryption(owner_password="owner", user_password=password)
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str, size: int, style: str = "") -> None:
    pdf.set_font("Helvetica", style, size)
    pdf.cell(0, 10, text, new_x="LMARGIN", new_y="NEXT")


def read(sandbox: Sandbox, kind: str, data: bytes) -> Document:
    return sandbox.read(Job(kind, "https://files.example/tea", "tea", Origin.DOCUMENT), data)


@pytest.mark.parametrize("outline", [True, False], ids=["by its outline", "by its type"])
def test_a_pdf_has_sections_with_their_page(sandbox: Sandbox, outline: bool) -> None:
    found = read(sandbox, "pdf", booklet(outline=outline))
    assert found.title == "On the Brewing of Tea"
    chapters = [(section.path, section.place) for section in found.sections if section.path]
    assert chapters[0] == (("1 Chapter 1",), "page 1")
    assert (("4 Chapter 4",), "page 4") in chapters


def test_running_heads_and_page_numbers_are_no_text(sandbox: Sandbox) -> None:
    text = "\n".join(section.text for section in read(sandbox, "pdf", booklet(outline=True)).sections)
    assert "Journal of Tea" not in text
    assert not any(line.strip().isdigit() for line in text.split("\n"))


def test_a_pdf_that_cannot_be_read_says_why(sandbox: Sandbox) -> None:
    blank = FPDF()
    blank.add_page()
    for data, why in (
        (booklet(outline=False, password="secret"), "password"),
        (bytes(blank.output()), "no text"),
        (b"%PDF-1.4 ?", "opened"),
    ):
        with pytest.raises(ExtractError, match=why):
            read(sandbox, "pdf", data)


def test_a_bomb_costs_the_child_its_life_and_the_next_document_is_read(sandbox: Sandbox) -> None:
    squeezed = zlib.compress(b" " * 200_000_000, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(squeezed), squeezed),
    ]
    body = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, it) for number, it in enumerate(objects, 1))
    with pytest.raises(ExtractError):
        read(sandbox, "pdf", body + b"trailer << /Root 1 0 R /Size 5 >>\n%%EOF")
    assert read(sandbox, "pdf", booklet(outline=True)).sections


def test_what_takes_too_long_is_given_up() -> None:
    with Sandbox(seconds=0.01) as impatient, pytest.raises(ExtractError, match="longer"):
        read(impatient, "html", b"<p>text</p>")


def test_a_notebook_is_its_text_and_code(sandbox: Sandbox) -> None:
    text = {"cell_type": "markdown", "source": ["# Tea\n", "It is brewed."]}
    cells = json.dumps({"cells": [text, {"cell_type": "code", "source": "pour()"}]})
    (section,) = read(sandbox, "notebook", cells.encode()).sections
    assert "```python\npour()\n```" in section.text
    with pytest.raises(ExtractError, match="notebook"):
        read(sandbox, "notebook", b"[1, 2]")


@pytest.mark.parametrize("kind", ["html", "pdf", "markdown", "notebook"])
@pytest.mark.parametrize(
    "data", [b"", b"\0\xff\xfe" * 500, b"PK\x03\x04" + b"z" * 999, b"<" * 5000], ids=["empty", "binary", "zip", "angles"]
)
def test_any_bytes_give_a_document_or_a_reason(sandbox: Sandbox, kind: str, data: bytes) -> None:
    with suppress(ExtractError):
        assert isinstance(read(sandbox, kind, data), Document)


@given(st.lists(st.sampled_from(["", "def pour(cup):", "    return cup", "# a note", "x = '```'"]), max_size=200))
def test_source_code_is_kept_line_by_line_and_cut_where_it_may_be(lines: list[str]) -> None:
    found = document_of_code("\n".join(lines), "https://files.example/tea.py", "tea.py", Origin.PAGE)
    fences = [section.text.split("\n") for section in found.sections]
    assert [line for fence in fences for line in fence[1:-1] if line] == [line for line in lines if line]
    assert all(fence[0] == fence[-1] and len(fence) <= MOST_LINES + 2 for fence in fences)
