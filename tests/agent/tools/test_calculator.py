"""The calculator agrees with Python where it answers, and answers or refuses at once whatever it is asked."""

import math
from contextlib import suppress
from time import monotonic

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from puntini.agent.tools.calculator import EXACT, MOST_CHARACTERS, calculate, evaluate
from puntini.agent.tools.contract import ToolFailed
from tests.agent.tools.asking import ask

NAMES = {
    name: getattr(math, name)
    for name in ("sqrt", "sin", "cos", "atan2", "log", "exp", "floor", "ceil", "gcd", "hypot", "pi", "e", "tau")
} | {"min": min, "max": max, "abs": abs, "round": round}
AT_ONCE_SECONDS = 2.0

numbers = st.one_of(
    st.integers(0, 10**20).map(str),
    st.floats(0, 1e30, allow_nan=False).map(repr),
    st.sampled_from(["pi", "e", "tau", ".5", "3.", "1_000", "1e3", "2E-3", "00"]),
)


def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """An expression made of smaller ones."""
    space = st.sampled_from(["", " ", "  ", "\t"])
    sign = st.sampled_from(["+", "-", "*", "/", "//", "%"])
    one = st.sampled_from(["sqrt", "sin", "cos", "log", "floor", "ceil", "abs", "round"])
    two = st.sampled_from(["min", "max", "atan2", "hypot", "gcd", "round"])
    return st.one_of(
        st.tuples(inner, space, sign, space, inner).map("".join),
        st.tuples(inner, st.integers(-4, 4)).map(lambda power: f"({power[0]})**{power[1]}"),
        st.tuples(st.sampled_from("+-"), inner).map("".join),
        inner.map(lambda part: f"({part})"),
        st.tuples(one, inner).map(lambda call: f"{call[0]}({call[1]})"),
        st.tuples(two, inner, inner).map(lambda call: f"{call[0]}({call[1]}, {call[2]})"),
    )


expressions = st.recursive(numbers, larger, max_leaves=12)
hostile = st.lists(
    st.sampled_from(
        [
            "9",
            "9" * 40,
            "99999",
            "**",
            "*",
            "-",
            "(",
            ")",
            ",",
            "factorial(",
            "pow(",
            "round(",
            "1e308",
            "+",
            "/",
            "//",
            "%",
            "sum(",
            "0.1",
        ]
    ),
    max_size=80,
).map("".join)


@given(expressions)
def test_it_agrees_with_python(expression: str) -> None:
    try:
        expected = eval(expression, {"__builtins__": {}}, dict(NAMES))
    except (ArithmeticError, ValueError, TypeError):
        with pytest.raises(ToolFailed):
            evaluate(expression)
        return
    assume(not isinstance(expected, complex))

    try:
        found = evaluate(expression)
    except ToolFailed as error:
        # Python goes on with infinities and with whole numbers of any length; we don't.
        assume("too large" not in str(error) and "thousand digits" not in str(error))
        raise

    assert (type(found), found) == (type(expected), expected)


@given(hostile | st.text(max_size=60))
@example("9**9**9**9")
@example("(" * 900 + "1" + ")" * 900)
@example("-" * 1_999 + "1")
@example("1" + "+1" * 999)
@example("factorial(400)" + "*factorial(400)" * 90)
@example("round(5, -10**9)")
@example("1" + "//1e-300" * 100)
@example("9" * 2_000)
@example("9**-9**9**9")
@example("2**3321*2**3321")
@example("pow(" * 300 + "9" + ",9)" * 300)
def test_it_never_hangs_nor_fails_otherwise(expression: str) -> None:
    began = monotonic()
    with suppress(ToolFailed):
        assert abs(evaluate(expression)) < 10**1001
    assert monotonic() - began < AT_ONCE_SECONDS


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 * (3 + 4) ** 2", 98),
        ("7 // 2 + 7 % 2", 4),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("round(sqrt(2), 3)", 1.414),
        ("sum(1, 2, 3.5)", 6.5),
        ("max(4)", 4),
        ("ln(e)", 1.0),
        ("factorial(5)", 120),
        ("degrees(pi)", 180.0),
        (" 1\n+ 1 ", 2),
    ],
)
def test_it_knows_arithmetic(expression: str, value: float) -> None:
    assert evaluate(expression) == value


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("1 / 0", "This divides by zero."),
        ("0 ** -1", "This divides by zero."),
        ("2 ^ 8", "Powers are written `**`"),
        ("1,000 + 1", "write thousands as 1000"),
        ("2(3 + 4)", "write `*` between"),
        ("sqrt", "give it arguments"),
        ("sqrt(-1)", "can't be worked out"),
        ("min()", "can't be worked out"),
        ("(-8) ** (1/3)", "no real root"),
        ("9 ** 9 ** 9", "more than a thousand digits"),
        ("1e308 * 10", "too large"),
        ("1e999 - 1e999", "too large"),
        ("factorial(10**6)", "from 0 to 400"),
        ("", "no whole expression"),
        ("1 +", "no whole expression"),
        ("x + 1", "`x` is not known; there are min, max"),
        ("2 pi", "no whole expression"),
        ("1 if 1 else 2", "`if` is not known"),
        ("__import__('os')", "`__import__` is not known"),
        ("max(*[1])", "can't be read"),
        ("(1).real", "can't be read"),
        ("'a' * 9", "can't be read"),
        ("1j", "can't be read"),
        ("0x10", "can't be read"),
        ("1" + "+1" * (MOST_CHARACTERS // 2), "at most 2000 characters"),
        ("1" + "+1" * 900, "sum(…)"),
    ],
)
def test_what_it_does_not_work_out_is_told(expression: str, sentence: str) -> None:
    with pytest.raises(ToolFailed) as caught:
        evaluate(expression)

    assert sentence in str(caught.value)


@pytest.mark.anyio
async def test_a_whole_number_stays_exact_for_readers_of_json() -> None:
    assert (await ask(calculate, expression="2 ** 53")).value == EXACT
    assert (await ask(calculate, expression="2 ** 53 + 1")).value == "9007199254740993"
    assert (await ask(calculate, expression="-(2 ** 100)")).value == str(-(2**100))
