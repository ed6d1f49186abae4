"""Every way to write a page's address leads to one plan for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch.classify import Kind, Reads, plan_of

RAW = "https://raw.githubusercontent.com/leaf/kettle"
PAPER = "https://arxiv.org/abs/2005.11401"


@pytest.mark.parametrize(
    "url",
    [
        *("https://arxiv.org/abs/2005.11401", "http://arxiv.org/abs/2005.11401v4", "https://www.arxiv.org/pdf/2005.11401"),
        *(
            "https://arxiv.org/pdf/2005.11401v2.pdf",
            "https://arxiv.org/abs/2005.11401.pdf",
            "https://arxiv.org/html/2005.11401v1#S2",
        ),
        "https://export.arxiv.org/abs/2005.11401",
    ],
)
def test_a_paper_is_one_page_however_it_is_cited(url: str) -> None:
    plan = plan_of(url)
    assert (plan.url, plan.kind) == (PAPER, Kind.ARXIV)
    assert [step.url for step in plan.steps] == ["https://arxiv.org/html/2005.11401", "https://arxiv.org/pdf/2005.11401"]


@pytest.mark.parametrize(
    ("url", "kind", "first"),
    [
        ("https://arxiv.org/abs/cmp-lg/9704004", Kind.ARXIV, "https://arxiv.org/html/cmp-lg/9704004"),
        ("https://arxiv.org/list/cs.CL/recent", Kind.ARTICLE, "https://arxiv.org/list/cs.CL/recent"),
        ("https://github.com/leaf/kettle", Kind.GITHUB, f"{RAW}/HEAD/README.md"),
        ("https://github.com/leaf/kettle.git#use", Kind.GITHUB, f"{RAW}/HEAD/README.md"),
        ("https://github.com/leaf/kettle/tree/main/docs", Kind.GITHUB, f"{RAW}/main/docs/README.md"),
        ("https://github.com/leaf/kettle/blob/main/a%20b.md", Kind.GITHUB, f"{RAW}/main/a%20b.md"),
        ("https://github.com/leaf/kettle/blob/main/steep.py#L10", Kind.GITHUB, f"{RAW}/main/steep.py"),
        ("https://github.com/leaf/kettle/blob/main/tea.pdf", Kind.GITHUB, f"{RAW}/main/tea.pdf"),
        (
            "https://github.com/leaf/kettle/wiki/Tea-leaves",
            Kind.GITHUB,
            "https://raw.githubusercontent.com/wiki/leaf/kettle/Tea-leaves.md",
        ),
        ("https://github.com/leaf/kettle/issues/3", Kind.GITHUB, "https://github.com/leaf/kettle/issues/3"),
        ("https://en.wikipedia.org/wiki/Tea", Kind.WIKIPEDIA, "https://en.wikipedia.org/api/rest_v1/page/html/Tea"),
        ("https://en.m.wikipedia.org/wiki/Tea#Law", Kind.WIKIPEDIA, "https://en.wikipedia.org/api/rest_v1/page/html/Tea"),
        ("https://de.wikipedia.org/wiki/AC/DC", Kind.WIKIPEDIA, "https://de.wikipedia.org/api/rest_v1/page/html/AC%2FDC"),
        ("https://en.wikipedia.org/wiki/K%C3%A4se", Kind.WIKIPEDIA, "https://en.wikipedia.org/api/rest_v1/page/html/K%C3%A4se"),
        ("https://blog.example/paper.PDF", Kind.PDF, "https://blog.example/paper.PDF"),
        ("https://docs.example/guide#first", Kind.DOCS, "https://docs.example/guide"),
        ("https://Blog.example", Kind.ARTICLE, "https://blog.example/"),
    ],
)
def test_a_plan_asks_first_where_the_text_is(url: str, kind: Kind, first: str) -> None:
    plan = plan_of(url)
    assert (plan.kind, plan.steps[0].url) == (kind, first)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://youtu.be/tea", Kind.VIDEO),
        ("https://www.linkedin.com/in/tea", Kind.LINK),
        ("https://x.com/tea/status/1", Kind.LINK),
        ("https://github.com/leaf/kettle/blob/main/logo.png", Kind.LINK),
        ("javascript:alert(1)", Kind.LINK),
        ("https://me:secret@blog.example/", Kind.LINK),
        ("http://[::1/", Kind.LINK),
        ("", Kind.LINK),
    ],
)
def test_what_is_not_fetched_says_why(url: str, kind: Kind) -> None:
    plan = plan_of(url)
    assert (plan.kind, plan.steps) == (kind, ())
    assert plan.why


def test_a_notebook_is_read_as_one() -> None:
    assert plan_of("https://github.com/leaf/kettle/blob/main/tea.ipynb").steps[0].reads is Reads.NOTEBOOK


@given(st.text(max_size=40) | st.from_regex(r"https?://[a-z.]{1,12}/[ -~]{0,30}"))
def test_every_address_has_a_plan_and_its_own_address_the_same(url: str) -> None:
    plan = plan_of(url)
    if plan.steps:
        assert plan_of(plan.url) == plan
