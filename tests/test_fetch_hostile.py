"""What a hostile address or server can do to a fetch: be refused, and cost little."""

from __future__ import annotations

import gzip
import os
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from coach.errors import FetchError, Refused
from ingest.fetch.classify import Reads
from ingest.fetch.client import Client
from tests.site import PROSE, Answer, Pages, Site, moved, page, web

BODY = f"<html><body><p>{PROSE}</p></body></html>".encode()
HOSTILE = (
    *("http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/"),
    *("http://①②⑦.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"),
    *("http://100.64.0.1/", "http://224.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://168.63.129.16/"),
    *("http://0.0.0.0/", "http://10.0.0.1/", "http://192.168.0.1/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[::]/"),
    *("file:///etc/passwd", "ftp://blog.example/", "gopher://blog.example/", "http://user:pass@blog.example/"),
    *("http://blog.example:22/", "http://blog.example:8080/", "http://blog.example\\@127.0.0.1/", "http://[::1/"),
    *(
        "https://twice.example/",
        "https://blog.example/to-loopback",
        "https://blog.example/to-file",
        "https://blog.example/to-metadata",
    ),
    *(
        "https://blog.example/to-odd",
        "https://blog.example/to-plain",
        "https://blog.example/to-user",
        "https://blog.example/to-port",
    ),
    *("https://blog.example/round", "https://rebinding.example/"),
)


def bomb() -> Iterator[bytes]:
    """300 MiB in 0.3 MB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield packer.compress(b"<html>")
    for _ in range(300):
        yield packer.compress(bytes(2**20))
    yield packer.flush()


def forever() -> Iterator[bytes]:
    while True:
        yield b"<p>" + bytes(65536)


def drip() -> Iterator[bytes]:
    while True:
        yield b"<"


PAGES: Pages = {
    "blog.example": {
        "/tea": page("Tea"),
        "/to-loopback": moved("http://127.0.0.1/"),
        "/to-file": moved("file:///etc/passwd"),
        "/to-metadata": moved("https://169.254.169.254/"),
        "/to-odd": moved("https://[::1/"),
        "/to-plain": moved("http://blog.example/tea"),
        "/to-user": moved("https://me:secret@blog.example/tea"),
        "/to-port": moved("https://blog.example:22/tea"),
        "/round": moved("/round"),
        "/bomb": Answer(body=bomb, headers={"Content-Encoding": "gzip"}),
        "/forever": Answer(body=forever),
        "/drip": Answer(body=drip, pause=0.05),
        "/large": Answer(body=b"<", headers={"Content-Length": "6000000"}),
        "/short": Answer(body=BODY, headers={"Content-Length": str(len(BODY) + 9)}),
        "/brotli": Answer(body=b"\x0b\x02\x80<p>\x03", headers={"Content-Encoding": "br"}),
        "/damaged": Answer(body=gzip.compress(BODY)[:-9] + b"123456789", headers={"Content-Encoding": "gzip"}),
        "/cut": Answer(body=gzip.compress(BODY)[:-20], headers={"Content-Encoding": "gzip"}),
        "/members": Answer(body=gzip.compress(BODY[:100]) + gzip.compress(BODY[100:]), headers={"Content-Encoding": "gzip"}),
        "/picture": Answer(body=b"\x89PNG", type="image/png"),
        "/no-pdf": Answer(body=BODY, type="application/pdf"),
        "/no-html": Answer(body=b"MZ\x90\0", type="text/html"),
        "/program": Answer(body=b"MZ\x90\0", type="application/octet-stream"),
        "/untold": Answer(body=BODY, type=""),
        "/charset": Answer(body=BODY, type="text/html; charset=no-such"),
    },
    "twice.example": {},
    "rebinding.example": {"/": moved("/again"), "/again": page("Again")},
}


class Rebound(Site):
    """One name has a bad address among two; another a good one for the first look only."""

    looked = 0

    def resolve(self, host: str, port: int) -> list[tuple[str, int]]:
        here = [("127.0.0.1", self.ports[port])]
        if host == "twice.example":
            return [*here, ("10.0.0.1", port)]
        if host == "rebinding.example":
            self.looked += 1
            return here if self.looked == 1 else [("127.0.0.1", 1)]
        return super().resolve(host, port) if host in self.pages else _system(host, port)


def _system(host: str, port: int) -> list[tuple[str, int]]:
    from ingest.fetch.guard import resolved

    return resolved(host, port)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with web(PAGES) as plain:
        yield Rebound(plain.pages, plain.ports, plain.trust)


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_with_a_reason(site: Site, url: str) -> None:
    with pytest.raises(FetchError) as refused:
        site.client().get(url, Reads.PAGE)
    assert isinstance(refused.value, Refused) or "redirected" in str(refused.value) or "looked up" in str(refused.value)


def test_a_plain_client_reaches_no_server_on_this_machine(site: Site) -> None:
    client = Client(resolve=site.resolve, trust=site.trust)
    with pytest.raises(Refused, match="not a public address"):
        client.get("https://blog.example/tea", Reads.PAGE)


def test_a_proxy_in_the_environment_is_not_looked_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setitem(os.environ, name, "http://127.0.0.1:9")
    assert site.client().get("https://blog.example/tea", Reads.PAGE).status == 200


@pytest.mark.parametrize(
    "path", ["large", "short", "brotli", "damaged", "cut", "picture", "no-pdf", "no-html", "program", "untold", "forever"]
)
def test_an_answer_that_is_not_what_it_says_is_refused(site: Site, path: str) -> None:
    with pytest.raises(FetchError):
        site.client().get(f"https://blog.example/{path}", Reads.PAGE)


def test_a_bomb_costs_little(site: Site) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="more than 5,000,000 bytes"):
            site.client().get("https://blog.example/bomb", Reads.PAGE)
        assert tracemalloc.get_traced_memory()[1] < 64 * 2**20
    finally:
        tracemalloc.stop()


def test_a_page_packed_in_several_parts_arrives_whole(site: Site) -> None:
    reply = site.client().get("https://blog.example/members", Reads.PAGE)
    assert reply.body == BODY
    assert 0 < reply.raw < len(BODY)


def test_a_charset_nobody_knows_is_left_to_the_page(site: Site) -> None:
    assert site.client().get("https://blog.example/charset", Reads.PAGE).charset == ""


def test_a_drip_ends_at_the_deadline(site: Site) -> None:
    began = time.monotonic()
    with pytest.raises(FetchError):
        site.client(seconds=1.0).get("https://blog.example/drip", Reads.PAGE)
    assert time.monotonic() - began < 2.0


def test_a_server_whose_certificate_is_not_believed_is_not_read(site: Site) -> None:
    client = Client(resolve=site.resolve, allowed=site.allowed)
    with pytest.raises(FetchError, match="certificate"):
        client.get("https://blog.example/tea", Reads.PAGE)


def test_no_header_can_be_smuggled_in_by_the_contact() -> None:
    with pytest.raises(FetchError, match="COACH_CONTACT"):
        Client("me@mail.example\r\nX: 1")
