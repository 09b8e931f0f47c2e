"""What is taken out of texts, and what is left alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puntini.redaction import REDACTED, Redaction

KEY = "pk_0123456789abcdef_" + "aB3" * 16 + "x"
TICKET = "tk_0123456789abcdef012345678_" + "aB3" * 14 + "x"
HEAD = "eyJhbGciOiJIUzI1NiJ9"
JWT = f"{HEAD}.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9mLWl0"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"refused {KEY}.", f"refused {REDACTED}."),
        (f"a ticket {TICKET}", f"a ticket {REDACTED}"),
        ("cut off pk_0123456789abcdef_aB3aB3aB3", f"cut off {REDACTED}"),
        ("rt_0123456789abcdef_aB3-_B3aB3aB3", REDACTED),
        (f"({JWT})", f"({REDACTED})"),
        ("GET /v1/x?token=hidden&after=5 HTTP/1.1", f"GET /v1/x?token={REDACTED}&after=5 HTTP/1.1"),
        ("/s?after=5&api_key=hidden", f"/s?after=5&api_key={REDACTED}"),
        ("/s?ticket=hidden#x", f"/s?ticket={REDACTED}#x"),
        ("refresh_token=hidden, password=hidden", f"refresh_token={REDACTED}, password={REDACTED}"),
        ("Authorization: Bearer hidden", f"Authorization: {REDACTED}"),
        ("authorization: Basic aGlkZGVu\nhost: x", f"authorization: {REDACTED}\nhost: x"),
        ("{'authorization': 'Bearer hidden', 'a': 1}", f"{{'authorization': '{REDACTED}', 'a': 1}}"),
        ("(b'x-api-key', b'hidden')", f"(b'x-api-key', b'{REDACTED}')"),
        ('{"cookie": "a=hidden; b=hidden", "x": 1}', f'{{"cookie": "{REDACTED}", "x": 1}}'),
        ('"{\\"password\\": \\"hidden\\"}"', f'"{{\\"password\\": \\"{REDACTED}\\"}}"'),
        ("Set-Cookie: session=hidden; HttpOnly", f"Set-Cookie: {REDACTED}"),
        ("sent Bearer hidden-hidden", f"sent Bearer {REDACTED}"),
        ("puntini.v1, apikey.hidden", f"puntini.v1, apikey.{REDACTED}"),
        ("puntini.v1, bearer.hidden", f"puntini.v1, bearer.{REDACTED}"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, left: str) -> None:
    assert Redaction()(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "input_tokens=12 max_tokens=5",
        '{"cookie": null, "authorization": 5}',
        "the token is gone, the ticket too; the bearer of news",
        "ses_0123456789abcdefghij task_0123456789abcdefghij",
        "A password is asked for with --password.",
        "if token == 5:",
        "pk_id",
    ],
)
def test_other_words_are_left_alone(text: str) -> None:
    assert Redaction()(text) == text


def test_a_known_secret_is_found_however_it_is_written() -> None:
    redacted = Redaction(['odd"secret/with+signs', "abc"])

    for text in ('odd"secret/with+signs', 'odd\\"secret/with+signs', "odd%22secret/with%2Bsigns", "abc"):
        assert redacted(f"<{text}>") == ("<abc>" if text == "abc" else f"<{REDACTED}>")


def test_values_are_searched_at_any_depth_and_by_their_names() -> None:
    value = {"a": [{"url": "/x?token=hidden"}, "Bearer hidden-hidden"], "api_key": "hidden", "n": 5, "token": None}

    shown = Redaction().values(value)

    assert "hidden" not in json.dumps(shown)
    assert (shown["n"], shown["token"], shown["a"][0]["url"]) == (5, None, f"/x?token={REDACTED}")


@given(st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    redacted = Redaction(["a secret of some length"])
    assert redacted(redacted(text)) == redacted(text)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_log_line_of_json_stays_json(value: object) -> None:
    line = json.dumps({"event": "x", "token": value, "authorization": value, "text": "api_key=hidden ", "more": value})
    assert json.loads(Redaction()(line))["event"] == "x"
