"""Lines for a shell are taken apart as a shell would, and what is wrong with one is noticed."""

import click
import pytest

from tests.docs.commands import Call, calls, request, understood
from tests.docs.test_blocks import check


@pytest.mark.parametrize(
    ("line", "programs"),
    [
        ("puntini serve # and wait", ["puntini"]),
        ("A=1 B=2 puntini serve > server.log 2>&1 &\nP=$!", ["puntini"]),
        ("puntini tail ses_1 | head -3 && echo done", ["puntini", "head", "echo"]),
        ('puntini chat --session "$(puntini fork ses_1)" "go on"', ["puntini", "puntini"]),
        ("S=$(curl -s http://h/x | sed 's/(a)//')", ["curl", "sed"]),
        ("(cd x && make serve)", ["cd", "make"]),
        ("curl http://h -d '{\"a\":\n 1}'", ["curl"]),
        ("curl \\\n  http://h", ["curl"]),
        ("puntini chat - < question.txt", ["puntini"]),
    ],
)
def test_all_programs_of_a_line_are_found(line: str, programs: list[str]) -> None:
    assert [call.program for call in calls(line)] == programs


def test_a_quotation_that_does_not_end_is_told() -> None:
    with pytest.raises(ValueError, match="does not end"):
        list(calls("echo 'a\nb"))


def test_what_curl_asks_for_is_read() -> None:
    asked = request(["-sN", "-H", "Accept: x", "http://h/v1", "-d", "{}"])

    assert (asked.method, asked.url, asked.body) == ("POST", "http://h/v1", "{}")
    with pytest.raises(ValueError, match="not known"):
        request(["--frobnicate", "http://h"])


@pytest.mark.parametrize("words", [["serve", "--no-such-option"], ["answer", "ses_1"], ["tail"]])
def test_what_puntini_does_not_understand_is_noticed(words: list[str]) -> None:
    with pytest.raises(click.ClickException):
        understood(words)


@pytest.mark.parametrize(
    "call",
    [
        Call("curl", ["http://127.0.0.1:8000/v1/nothing"]),
        Call("curl", ["-X", "DELETE", "http://127.0.0.1:8000/v1/chat"]),
        Call("make", ["believe"]),
        Call("frobnicate", []),
    ],
)
def test_what_is_not_there_is_noticed(call: Call) -> None:
    with pytest.raises(AssertionError):
        check(call)


def test_a_body_that_an_address_does_not_take_is_noticed() -> None:
    good = Call("curl", ["http://127.0.0.1:8000/v1/chat", "-d", '{"prompt": "x"}'])
    check(good)

    with pytest.raises(Exception, match="promt"):
        check(Call("curl", [*good.words[:2], '{"promt": "x"}']))
