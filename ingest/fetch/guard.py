"""Where a fetch may connect to, decided at the moment a socket is opened. Knows no page and no store.

Checking a name before the connection leaves a gap: it may resolve to something else a moment later. So every address a
name resolves to is checked where the socket is opened, for each redirect anew, and the socket goes to a checked address.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from coach.errors import Refused

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], list[tuple[str, int]]]

_PORTS = {"http": 80, "https": 443}
_RESOLVE_SECONDS = 5.0

# Of IPv6 only this is given out. `is_global` says yes to some of the rest in Python 3.11, and 168.63.129.16 is a public
# address that answers inside Azure.
_UNICAST = ipaddress.IPv6Network("2000::/3")
_CLOSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.175.48.0/24", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
        *("2001::/23", "2001:db8::/32", "3fff::/20"),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def checked(url: str) -> str:
    """The URL, if its form alone is no reason to refuse it. Raises Refused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"{url!r} is not an address of the web: {error}.") from error
    if parts.scheme not in _PORTS:
        raise Refused(f"{url!r} is not http or https.")
    if not parts.hostname:
        raise Refused(f"{url!r} names no host.")
    if parts.username is not None or parts.password is not None:
        raise Refused(f"The address for {parts.hostname!r} has a user name or a password in it.")
    if port not in {None, *_PORTS.values()}:
        raise Refused(f"{parts.hostname!r} is asked for on port {port}; only 80 and 443 are.")
    if any(ord(letter) <= 32 or letter == "\\" for letter in url):
        raise Refused(f"{url!r} has a blank, a control character or a backslash in it.")
    return url


def why_not(address: Address) -> str:
    """Why nothing may connect to this address, or nothing if it may: it must be one of the public Internet.

    An IPv4 address inside an IPv6 address (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is checked as well.
    """
    for inner in (address, *_within(address)):
        closed = any(inner in network for network in _CLOSED if network.version == inner.version)
        given_out = inner.version == 4 or inner in _UNICAST or inner in _NAT64
        if closed or not given_out or not inner.is_global or inner.is_multicast:
            return f"{address} is not a public address"
    return ""


def _within(address: Address) -> Iterable[IPv4Address]:
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _NAT64 or address.packed[8:12] in {b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"}:
        yield IPv4Address(address.packed[12:])


def resolved(host: str, port: int) -> list[tuple[str, int]]:
    """Every address of a host with the port there, as the system resolves it. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((str(entry[4][0]), port) for entry in found))


class Guard(httpcore2.NetworkBackend):
    """Opens the sockets of one fetch. Nothing of it, connecting and reading included, lasts beyond `ends`.

    `ends` is a time of `time.monotonic`. `allowed` are addresses and ports that may be connected to whatever they are:
    for tests, which serve on loopback. `connected` is the address of the last connection.
    """

    def __init__(self, ends: float, resolve: Resolve = resolved, allowed: frozenset[tuple[str, int]] = frozenset()) -> None:
        self._ends = ends
        self._resolve = resolve
        self._allowed = allowed
        self._inner = httpcore2.SyncBackend()
        self.connected = ""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        self.connected, there = self._admitted(host, port)
        stream = self._inner.connect_tcp(self.connected, there, _left(self._ends, timeout), local_address, socket_options)
        return _Bounded(stream, self._ends)

    def _admitted(self, host: str, port: int) -> tuple[str, int]:
        """An address of the host and the port there; the first, after all were checked. Raises Refused."""
        found = self._addresses(host, port)
        if not found:
            raise httpcore2.ConnectError(f"{host} has no address.")
        for address, there in found:
            if (address, there) in self._allowed:
                continue
            try:
                reason = why_not(ipaddress.ip_address(address.partition("%")[0]))
            except ValueError:
                reason = f"{address} is not an address"
            if reason or "%" in address:
                raise Refused(f"{host!r} was refused: {reason or f'{address} is not a public address'}.")
        return found[0]

    def _addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        """The system gives no way to end a look-up, so it is waited for in a thread of its own."""
        found: list[list[tuple[str, int]] | OSError | UnicodeError] = []

        def look_up() -> None:
            try:
                found.append(self._resolve(host, port))
            except (OSError, UnicodeError) as error:
                found.append(error)

        thread = threading.Thread(target=look_up, name=f"resolve {host}", daemon=True)
        thread.start()
        thread.join(_left(self._ends, _RESOLVE_SECONDS))
        if not found:
            raise httpcore2.ConnectTimeout(f"{host} could not be looked up in time.")
        if isinstance(found[0], OSError | UnicodeError):
            raise httpcore2.ConnectError(f"{host} could not be looked up: {found[0]}") from found[0]
        return found[0]


class _Bounded(httpcore2.NetworkStream):
    """A stream that ends at a time: a read timeout alone begins anew with every byte."""

    def __init__(self, stream: httpcore2.NetworkStream, ends: float) -> None:
        self._stream = stream
        self._ends = ends

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._ends, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._ends, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, _left(self._ends, timeout)), self._ends)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(ends: float, most: float | None) -> float:
    """How long may be waited: until `ends`, and not longer than `most`."""
    left = ends - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("The time for this page is over.")
    return left if most is None else min(left, most)
