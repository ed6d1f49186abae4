"""An address becomes the bytes behind it, within limits of size, time and kind. Knows no store and no robots.txt.

The socket is opened by the guard, every redirect is a request of its own, and a proxy in the environment is not looked at.
"""

from __future__ import annotations

import gzip
import io
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from email.message import Message
from functools import cache
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

import httpcore2
import httpx2

from coach.errors import FetchError, Refused
from ingest.fetch import robots
from ingest.fetch.classify import Reads
from ingest.fetch.guard import Guard, Resolve, checked, resolved

_REDIRECTS = 5
_SILENCE_SECONDS = 15.0
_PIECE = 64 * 1024
_MOVES = {301, 302, 303, 307, 308}
LASTING = {301, 308}

# What may be sent for each kind of bytes, how many, and how they must begin.
_TYPES: Final = {
    "html": {"text/html", "application/xhtml+xml"},
    "pdf": {"application/pdf", "application/x-pdf", "application/octet-stream"},
    "markdown": {"text/plain", "text/markdown", "text/x-markdown", "text/x-rst"},
    "code": {"text/plain"},
    "notebook": {"text/plain", "application/json", "application/x-ipynb+json"},
    "feed": {"application/atom+xml", "application/xml", "text/xml"},
}
_CAPS: Final = {
    "html": 5_000_000,
    "pdf": 25_000_000,
    "markdown": 5_000_000,
    "code": 1_000_000,
    "notebook": 15_000_000,
    "feed": 15_000_000,
    "robots": robots.MOST_BYTES,
}
_MEANS: Final = {
    Reads.PAGE: ("html", "pdf", "markdown"),
    Reads.TEXT: ("markdown",),
    Reads.CODE: ("code",),
    Reads.NOTEBOOK: ("notebook",),
    Reads.FEED: ("feed",),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one request and its redirects. `kind` and `body` are empty unless `status` is 200.

    `hops` is every address asked with the status it answered; `address` the IP the last connection went to; `raw` how many
    bytes came over the wire.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    address: str
    hops: tuple[tuple[str, int], ...] = ()
    kind: str = ""
    body: bytes = b""
    raw: int = 0

    @property
    def charset(self) -> str:
        return _media(self.headers)[1]


Turn = Callable[[str], AbstractContextManager[object]]


def _at_once(_url: str) -> AbstractContextManager[object]:
    return nullcontext()


class Client:
    """Fetches from the public Internet. One object serves all threads.

    `seconds` is how long one page may take, redirects included, waiting for its turn not. `trust` are the certificates
    believed. `resolve` and `allowed` are the guard's.
    """

    def __init__(
        self,
        contact: str = "",
        resolve: Resolve = resolved,
        allowed: frozenset[tuple[str, int]] = frozenset(),
        trust: ssl.SSLContext | None = None,
        seconds: float = 60.0,
    ) -> None:
        """Raises FetchError if the contact cannot stand in a header."""
        if not contact.isascii() or not contact.isprintable():
            raise FetchError("COACH_CONTACT holds a character that no header may. Set it to a mail address or a web page.")
        self.agent = f"{robots.NAME}/{version('interview-coach')}" + (f" (+{contact})" if contact else "")
        self._resolve = resolve
        self._allowed = allowed
        self._trust = trust
        self._seconds = seconds

    def get(self, url: str, reads: Reads, headers: Mapping[str, str] | None = None, turn: Turn = _at_once) -> Reply:
        """Follow an address to its bytes; `turn` is entered around each request. Raises Refused, FetchError."""
        hops: list[tuple[str, int]] = []
        left = self._seconds
        while len(hops) <= _REDIRECTS:
            checked(url)
            with turn(url):
                began = time.monotonic()
                reply = self._once(url, reads, headers or {}, began + left)
                left -= time.monotonic() - began
            hops.append((url, reply.status))
            if reply.status not in _MOVES or "location" not in reply.headers:
                return replace(reply, hops=tuple(hops))
            url = _onward(url, reply.headers["location"])
        raise TooManyRedirects(f"It was redirected more than {_REDIRECTS} times.")

    def _once(self, url: str, reads: Reads, headers: Mapping[str, str], ends: float) -> Reply:
        guard = Guard(ends, self._resolve, self._allowed)
        target = _target(url)
        sent = {"user-agent": self.agent, "accept": "*/*", "accept-encoding": "gzip", "connection": "close", **headers}
        waits = dict.fromkeys(("connect", "read", "write", "pool"), _SILENCE_SECONDS)
        try:
            with (
                httpcore2.ConnectionPool(self._trust or _trusted(), max_connections=1, network_backend=guard) as pool,
                pool.stream("GET", target, headers=list(sent.items()), extensions={"timeout": waits}) as response,
            ):
                said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
                reply = Reply(url, response.status, said, guard.connected)
                return _read(reply, response.iter_stream(), reads) if response.status == 200 else reply
        except httpcore2.TimeoutException as error:
            raise Unreached("It took too long to answer.") from error
        except httpcore2.ConnectError as error:
            raise NoConnection(urlsplit(url).hostname or "", str(error)) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, EOFError, zlib.error, OSError) as error:
            raise Unreached(f"The answer broke off or cannot be understood: {error}") from error


class TooManyRedirects(FetchError):
    """Following them further leads nowhere."""


class Unreached(FetchError):
    """The server did not answer, or not to the end. It may the next time."""


class NoConnection(Unreached):
    """There is no way to the host now, or no network at all."""

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        super().__init__(f"No connection to {host}: {reason}")


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _target(url: str) -> httpcore2.URL:
    """The address as it goes over the wire. Raises Refused."""
    try:
        parsed = httpx2.URL(url)
        return httpcore2.URL(scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path)
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise Refused(f"{url!r} is not an address of the web: {error}.") from error


def _onward(url: str, location: str) -> str:
    """Where a redirect leads. Raises Refused for where no redirect may."""
    try:
        # A header's letters are bytes; most servers mean UTF-8 by them.
        onward = str(httpx2.URL(url).join(location.encode("latin-1").decode("utf-8", errors="replace")))
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise Refused(f"It was redirected to {location[:200]!r}, which is not an address of the web.") from error
    if url.startswith("https:") and onward.startswith("http:"):
        raise Refused(f"It was redirected from https to {onward[:200]!r}, which anybody on the way can read and change.")
    return checked(onward)


def _media(headers: Mapping[str, str]) -> tuple[str, str]:
    """The declared type, and the charset if there is one that Python knows."""
    message = Message()
    message["content-type"] = headers.get("content-type", "")
    charset = str(message.get_content_charset("") or "")
    try:
        "".encode(charset or "utf-8")
    except LookupError:
        charset = ""
    return (message.get_content_type() if headers.get("content-type") else ""), charset


def _read(reply: Reply, stream: Iterator[bytes], reads: Reads) -> Reply:
    """Raises FetchError if what is sent is of another kind than it says, of one that is not read, or too much."""
    kind = _kind(reply, reads)
    cap = _CAPS[kind]
    if reads is not Reads.ROBOTS and reply.headers.get("content-length", "").isdecimal():
        _require_room(int(reply.headers["content-length"]), cap)
    wire = _Wire(stream)
    body = b"".join(_pieces(_unpacked(reply, wire), cap, cut=reads is Reads.ROBOTS))
    if not _begins_like(kind, body):
        raise FetchError(f"It says to be {_media(reply.headers)[0]} but does not begin like it.")
    return replace(reply, kind=kind, body=body, raw=wire.count)


def _kind(reply: Reply, reads: Reads) -> str:
    if reads is Reads.ROBOTS:
        return "robots"
    declared = _media(reply.headers)[0]
    kind = next((kind for kind in _MEANS[reads] if declared in _TYPES[kind]), "")
    if not kind:
        raise FetchError(f"It is of the type {declared or 'nobody said'!r}, which is not read here.")
    return kind


def _require_room(size: int, cap: int) -> None:
    if size > cap:
        raise FetchError(f"It has more than {cap:,} bytes, the most that is read of its kind.")


def _unpacked(reply: Reply, wire: _Wire) -> io.RawIOBase | gzip.GzipFile:
    encoding = reply.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        return gzip.GzipFile(fileobj=io.BufferedReader(wire))
    if encoding not in {"identity", ""}:
        raise FetchError(f"It is packed as {encoding[:40]!r}, which nobody asked for.")
    return wire


def _pieces(source: io.RawIOBase | gzip.GzipFile, cap: int, cut: bool) -> Iterator[bytes]:
    size = 0
    while piece := source.read(_PIECE):
        size += len(piece)
        if cut and size >= cap:
            yield piece[: len(piece) - (size - cap)]
            return
        _require_room(size, cap)
        yield piece


def _begins_like(kind: str, body: bytes) -> bool:
    """What the bytes themselves say of their kind."""
    start = body[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if kind == "pdf":
        return b"%PDF-" in start[:1024]
    if kind in {"markdown", "code"}:
        return b"\0" not in start
    wanted = {"html": (b"<",), "feed": (b"<",), "notebook": (b"{",)}.get(kind)
    return wanted is None or start.startswith((*wanted, b"\xff\xfe", b"\xfe\xff"))


class _Wire(io.RawIOBase):
    """The pieces of an answer as a file; counts what came."""

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream
        self._rest = b""
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._stream, None)
            if piece is None:
                return 0
            self.count += len(piece)
            self._rest = piece
        given, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(given)] = given
        return len(given)
