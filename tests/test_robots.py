"""A robots.txt is read as RFC 9309 says, asked for once a day, and believed."""

from __future__ import annotations

from pathlib import Path

import pytest

from coach.errors import FetchError
from ingest.fetch.classify import Reads
from ingest.fetch.client import Unreached
from ingest.fetch.manners import Manners
from ingest.fetch.robots import Rules
from tests.site import Answer, Clock, Site, moved, robots, web

PAGE = "https://blog.example/a/b?c=1"


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("User-agent: *\r\nDisallow: /a\r\n", False),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", True),
        ("User-agent: *\nDisallow: /*?c=", False),
        ("User-agent: *\nDisallow: /b$", True),
        ("User-agent: *\nDisallow: /\nUser-agent: interview-coach\nAllow: /", True),
        ("User-agent: Interview-Coach\nDisallow: /\nUser-agent: *\nAllow: /", False),
        ("User-agent: other\nDisallow: /", True),
        ("<html>Not found</html>", True),
        ("\x00\xff\xfe", True),
    ],
)
def test_rules_are_read_as_the_standard_says(text: str, allowed: bool) -> None:
    assert Rules(200, text.encode("utf-8", "surrogateescape")).allows(PAGE) is allowed


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (410, True), (429, False), (500, False), (503, False)])
def test_without_rules_all_is_allowed_and_without_an_answer_nothing(status: int, allowed: bool) -> None:
    assert Rules(status).allows(PAGE) is allowed
    assert Rules(status).delay == 0


def test_only_the_first_half_megabyte_counts() -> None:
    text = b"User-agent: *\n" + b"# tea\n" * 90_000 + b"Disallow: /\n"
    assert Rules(200, text).allows(PAGE)


def manners(site: Site, folder: Path, clock: Clock) -> Manners:
    return Manners(site.client(), folder, clock.now, 0.0, clock.sleep, clock.seconds)


def test_rules_are_asked_for_once_a_day(tmp_path: Path) -> None:
    clock = Clock()
    with web({"blog.example": {"/robots.txt": robots("User-agent: *\nDisallow: /a")}}) as site:
        for _ in range(2):
            assert not manners(site, tmp_path, clock).rules(PAGE).allows(PAGE)
        assert len(site.asked) == 1
        clock.sleep(25 * 3600)
        manners(site, tmp_path, clock).rules(PAGE)
        assert len(site.asked) == 2


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (moved("/rules"), False),
        (moved("https://other.example/robots.txt"), False),
        (moved("/robots.txt"), True),
        (moved("http://10.0.0.1/robots.txt"), False),
        (Answer(body=b"User-agent: *\nDisallow: /a\n" + b"#" * 2_000_000), False),
        (Answer(body=b"\x89PNG", type="image/png"), True),
    ],
)
def test_redirects_of_rules_are_followed_as_far_as_is_safe(tmp_path: Path, answer: Answer, allowed: bool) -> None:
    forbidding = robots("User-agent: *\nDisallow: /a")
    sites = {"blog.example": {"/robots.txt": answer, "/rules": forbidding}, "other.example": {"/robots.txt": forbidding}}
    with web(sites) as site:
        assert manners(site, tmp_path, Clock()).rules(PAGE).allows(PAGE) is allowed


def test_a_host_that_cannot_be_reached_has_no_rules_to_go_by(tmp_path: Path) -> None:
    with web({"blog.example": {}}) as site, pytest.raises(Unreached):
        manners(site, tmp_path, Clock()).rules("https://nowhere.example/")


def test_a_redirect_onto_another_host_asks_that_host_s_rules(tmp_path: Path) -> None:
    sites = {
        "blog.example": {"/a": moved("https://other.example/a")},
        "other.example": {"/robots.txt": robots("User-agent: *\nDisallow: /a"), "/a": Answer(body=b"<p>")},
    }
    with web(sites) as site:
        manner = manners(site, tmp_path, Clock())
        with pytest.raises(FetchError, match=r"robots\.txt of other\.example forbids"):
            site.client().get("https://blog.example/a", Reads.PAGE, turn=manner.allowed_turn)
        assert "other.example/a" not in site.paths()
