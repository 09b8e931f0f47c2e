"""Who calls: the peer, or whom a trusted proxy names."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.addresses import Proxies, address_of, scheme_of
from puntini.errors import Misconfigured

OURS = Proxies(["10.0.0.0/8", "::1", "192.0.2.7"])


def scope(peer: str | None = "10.0.0.1", scheme: str = "http", **headers: str | list[str]) -> dict[str, Any]:
    """A request from a peer; headers are written with underscores."""
    lines = [
        (name.replace("_", "-").encode(), value.encode("latin-1"))
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return {"client": (peer, 1) if peer else None, "scheme": scheme, "headers": lines}


@pytest.mark.parametrize(
    ("forwarded_for", "caller"),
    [
        ("198.51.100.1", "198.51.100.1"),
        ("198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1, 10.0.0.2, 192.0.2.7", "198.51.100.1"),
        (["6.6.6.6", "198.51.100.1,10.0.0.2"], "198.51.100.1"),
        ("198.51.100.1:4711", "198.51.100.1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("198.51.100.1, unknown", "10.0.0.1"),
        ("198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
        (",,,", "10.0.0.1"),
    ],
)
def test_the_caller_is_the_right_most_that_is_no_proxy_of_ours(forwarded_for: str | list[str], caller: str) -> None:
    assert address_of(scope(x_forwarded_for=forwarded_for), OURS) == caller


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("for=198.51.100.1;proto=https", "198.51.100.1"),
        ('by=10.0.0.1; For="[2001:db8::1]:4711", for=10.0.0.2', "2001:db8::1"),
        ("for=_hidden", "10.0.0.1"),
        ("proto=https", "10.0.0.1"),
    ],
)
def test_the_standard_s_header_is_read_as_well(forwarded: str, caller: str) -> None:
    assert address_of(scope(forwarded=forwarded), OURS) == caller


def test_of_two_headers_that_disagree_one_is_the_caller_s_own() -> None:
    assert address_of(scope(x_forwarded_for="1.1.1.1", forwarded="for=2.2.2.2"), OURS) == "10.0.0.1"
    assert address_of(scope(x_forwarded_for="1.1.1.1", forwarded="for=1.1.1.1"), OURS) == "1.1.1.1"


@pytest.mark.parametrize("peer", ["198.51.100.9", "nonsense", None])
def test_nobody_else_is_believed(peer: str | None) -> None:
    spoofed = scope(peer, x_forwarded_for="1.1.1.1", forwarded="for=1.1.1.1;proto=https", x_forwarded_proto="https")
    assert address_of(spoofed, OURS) == (peer or "")
    assert scheme_of(spoofed, OURS) == "http"


def test_without_trusted_proxies_the_peer_is_who_calls() -> None:
    assert address_of(scope(x_forwarded_for="1.1.1.1"), Proxies()) == "10.0.0.1"
    assert scheme_of(scope(x_forwarded_proto="https"), Proxies()) == "http"
    assert scheme_of(scope(scheme="wss"), Proxies()) == "https"


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ({"x_forwarded_proto": "https"}, "https"),
        ({"x_forwarded_proto": "http, https"}, "https"),
        ({"x_forwarded_proto": "wss"}, "https"),
        ({"x_forwarded_proto": "javascript"}, "http"),
        ({"forwarded": "for=1.1.1.1;proto=https"}, "https"),
        ({"forwarded": "for=1.1.1.1;proto=https, for=2.2.2.2"}, "http"),
        ({}, "http"),
    ],
)
def test_the_scheme_is_what_the_proxy_says(headers: dict[str, str], scheme: str) -> None:
    assert scheme_of(scope(**headers), OURS) == scheme


def test_a_header_without_end_is_read_from_its_end() -> None:
    many = ", ".join(["6.6.6.6"] * 100_000) + ", 198.51.100.1"
    assert address_of(scope(x_forwarded_for=many), OURS) == "198.51.100.1"
    assert address_of(scope(x_forwarded_for="10.0.0.2," * 100_000), OURS) == "10.0.0.1"


@given(st.text(st.characters(max_codepoint=255)), st.text(st.characters(max_codepoint=255)))
def test_any_headers_have_an_address_and_a_scheme(one: str, other: str) -> None:
    hostile = scope(x_forwarded_for=one, forwarded=other, x_forwarded_proto=one)
    assert address_of(hostile, OURS)
    assert scheme_of(hostile, OURS) in {"http", "https"}


@pytest.mark.parametrize("name", ["nonsense", "10.0.0.0/99", "example.org", "1.2.3"])
def test_what_is_no_network_stops_the_start_with_a_sentence(name: str) -> None:
    with pytest.raises(Misconfigured, match="write addresses or networks"):
        Proxies([name])
