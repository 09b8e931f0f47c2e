"""Which credential a request carries, wherever it may stand."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.credentials import CREDENTIAL_LIMIT, Shown, cookie, shown
from puntini.errors import Invalid, Unauthorized
from tests.auth.house import request


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (request(), None),
        (request({"authorization": "Bearer a.b.c"}), Shown("token", "a.b.c")),
        (request({"authorization": "bearer   a.b.c "}), Shown("token", "a.b.c")),
        (request({"authorization": "Bearer pk_1_2"}), Shown("key", "pk_1_2")),
        (request({"x-api-key": " k1 "}), Shown("key", "k1")),
        (request(query="token=abc"), Shown("token", "abc")),
        (request(query="a=1&api_key=k%31"), Shown("key", "k1")),
        (request(query="ticket=t1&after=7"), Shown("ticket", "t1")),
        (request({"cookie": "a=1; puntini_token=abc; b=2"}), Shown("token", "abc", ambient=True)),
        (request({"cookie": "puntini_token=abc", "x-api-key": "k1"}), Shown("key", "k1")),
        (request(type="websocket", subprotocols=["puntini.v1", "bearer.a.b.c"]), Shown("token", "a.b.c")),
        (request(type="websocket", subprotocols=["apikey.k1"]), Shown("key", "k1")),
        (request(subprotocols=["bearer.a.b.c"]), None),
        (request(query="Token=abc&tokens=x"), None),
        (request({"cookie": "xpuntini_token=abc; puntini_token2=d"}), None),
    ],
)
def test_a_credential_is_found_where_it_may_stand(asked: dict[str, Any], expected: Shown | None) -> None:
    assert shown(asked) == expected


@pytest.mark.parametrize(
    "asked",
    [
        request({"authorization": "Bearer abc", "x-api-key": "k1"}),
        request({"authorization": "Bearer abc"}, query="token=abc"),
        request(query="token=abc&api_key=k1"),
        request({"x-api-key": "k1"}, type="websocket", subprotocols=["apikey.k1"]),
        request(type="websocket", subprotocols=["bearer.a", "bearer.b"]),
        {**request(), "headers": [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")]},
    ],
)
def test_several_are_refused_rather_than_chosen_from(asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="one credential"):
        shown(asked)


@pytest.mark.parametrize(
    "asked",
    [
        request({"authorization": "Basic YTpi"}),
        request({"authorization": "Bearer"}),
        request({"authorization": ""}),
        request(query="token="),
        request({"x-api-key": ""}),
        request({"authorization": f"Bearer {'x' * (CREDENTIAL_LIMIT + 1)}"}),
    ],
)
def test_what_can_be_no_credential_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        shown(asked)


latin = st.text(st.characters(max_codepoint=255), max_size=100)


@given(
    st.dictionaries(st.sampled_from(["authorization", "x-api-key", "cookie"]), latin | latin.map("Bearer {}".format)),
    st.binary(max_size=60),
    st.lists(latin | latin.map("bearer.{}".format), max_size=3),
)
def test_any_request_shows_one_or_none_or_is_refused(headers: dict[str, str], query: bytes, offered: list[str]) -> None:
    asked = {**request(headers, type="websocket", subprotocols=offered), "query_string": query}
    with suppress(Invalid, Unauthorized):
        found = shown(asked)
        assert found is None or found.text


@given(latin, latin)
def test_any_cookies_can_be_looked_through(before: str, after: str) -> None:
    before = before.replace("puntini_token", "")
    assert cookie(f"{before};puntini_token=abc;{after}", "puntini_token") == "abc"
