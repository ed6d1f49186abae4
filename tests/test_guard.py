"""A fetch connects to the public Internet and nowhere else."""

from __future__ import annotations

import ipaddress
import time

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.errors import Refused
from ingest.fetch.guard import Guard, checked, why_not

NOT_PUBLIC = (
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.0.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1"),
    *(
        "2002:7f00:1::",
        "2002:a00:1::",
        "2001:0:53aa:64c:0:0:80ff:fffe",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
    ),
    *("2606:4700::5efe:127.0.0.1", "100::1"),
)
PUBLIC = ("1.1.1.1", "93.184.216.34", "151.101.1.69", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "64:ff9b::101:101")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert "not a public address" in why_not(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_not(address: str) -> None:
    assert why_not(ipaddress.ip_address(address)) == ""


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_is_dressed(address: ipaddress.IPv4Address) -> None:
    packed = address.packed
    dressed = (
        ipaddress.IPv6Address(b"\0" * 10 + b"\xff\xff" + packed),
        ipaddress.IPv6Address(b"\x00\x64\xff\x9b" + b"\0" * 8 + packed),
        ipaddress.IPv6Address(b"\x20\x02" + packed + b"\0" * 10),
    )
    if why_not(address):
        assert all(map(why_not, dressed))


@given(st.ip_addresses())
def test_what_python_calls_private_is_always_refused(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast or address.is_reserved:
        assert why_not(address) or (
            isinstance(address, ipaddress.IPv6Address) and address in ipaddress.ip_network("64:ff9b::/96")
        )


@pytest.mark.parametrize(
    "url",
    [
        *(
            "file:///etc/passwd",
            "ftp://host.example/x",
            "gopher://host.example/",
            "javascript:alert(1)",
            "data:text/html,x",
            "//host/x",
        ),
        *("http://", "http:///path", "http://user@host.example/", "http://user:pass@host.example/", "http://host.example:22/"),
        *(
            "http://host.example:99999/",
            "http://[::1/",
            "http://host.example\\@127.0.0.1/",
            "http://ho st.example/",
            "http://host.example/\r\nX: 1",
        ),
    ],
)
def test_an_address_of_the_wrong_form_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(Refused):
        checked(url)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.0.0.1", "[::1]"])
def test_odd_ways_to_write_this_machine_do_not_reach_it(host: str) -> None:
    guard = Guard(time.monotonic() + 5)
    with pytest.raises((Refused, httpcore2.ConnectError)):
        guard.connect_tcp(host.strip("[]"), 80)
    assert guard.connected == ""


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    guard = Guard(time.monotonic() + 5, lambda _host, port: [("1.1.1.1", port), ("127.0.0.1", port)])
    with pytest.raises(Refused, match=r"two\.example"):
        guard.connect_tcp("two.example", 80)


def _after(seconds: float) -> list[tuple[str, int]]:
    time.sleep(seconds)
    return []


def test_a_look_up_that_never_ends_is_given_up() -> None:
    guard = Guard(time.monotonic() + 0.2, lambda _host, _port: _after(2))
    with pytest.raises(httpcore2.ConnectTimeout):
        guard.connect_tcp("slow.example", 80)
