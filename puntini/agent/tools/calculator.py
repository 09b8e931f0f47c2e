"""Arithmetic: expressions as Python writes them, held to sizes at which nothing takes long."""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from typing import Annotated

from msgspec import Meta

from puntini.agent.tools.contract import ToolFailed
from puntini.agent.tools.registry import tool

Number = int | float

MOST_CHARACTERS = 2_000
DEEPEST = 200
MOST_BITS = 3_322
"""Of a whole number: a thousand digits."""
MOST_FACTORIAL = 400
EXACT = 1 << 53
"""Beyond this not every reader of JSON keeps a whole number exact."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|//|[-+*/%(),]))",
    re.ASCII,
)
_CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0 and abs(base) > 1:
        _bounded(base.bit_length() - 1, exponent)
    result: Number | complex = base**exponent
    if isinstance(result, complex):
        raise ToolFailed("A negative number has no real root of that kind.")
    return result


def _bounded(bits: int, times: int = 1) -> None:
    if bits * times > MOST_BITS:
        raise ToolFailed("The result would have more than a thousand digits; use decimals (1.0) or smaller numbers.")


def _times(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int):
        _bounded(left.bit_length() + right.bit_length() - 2)
    return left * right


def _round(number: Number, digits: Number | None = None) -> Number:
    if digits is None:
        return round(number)
    if not isinstance(digits, int):
        raise ToolFailed("round takes a whole number of digits.")
    # No number has more digits than this; Python would work out even the power of ten that leaves none.
    return round(number, max(-MOST_BITS, min(digits, MOST_BITS)))


def _factorial(number: Number) -> int:
    if not isinstance(number, int) or not 0 <= number <= MOST_FACTORIAL:
        raise ToolFailed(f"factorial takes a whole number from 0 to {MOST_FACTORIAL}.")
    return math.factorial(number)


_TRIGONOMETRY = ("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot", "degrees", "radians")
_FROM_MATH = ("sqrt", "exp", "log", "log2", "log10", "floor", "ceil", "gcd", *_TRIGONOMETRY)
_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "min": lambda *numbers: min(numbers),
    "max": lambda *numbers: max(numbers),
    "sum": lambda *numbers: sum(numbers),
    "abs": abs,
    "round": _round,
    "pow": _power,
    "factorial": _factorial,
    "ln": math.log,
    **{name: getattr(math, name) for name in _FROM_MATH},
}
_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: _times,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_UNARY: dict[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_KNOWN = ", ".join((*_FUNCTIONS, *_CONSTANTS))


@tool(timeout=5.0)
async def calculate(
    expression: Annotated[str, Meta(description="such as `2 * (3 + 4) ** 2` or `round(sqrt(2), 3)`")],
) -> int | float | str:
    """Work out an arithmetic expression: + - * / // % ** and parentheses; sqrt, min, max, sum, abs, round, sin and
    other functions; pi and e. Angles are in radians. A whole number too large for JSON comes as text.
    """
    result = evaluate(expression)
    return str(result) if isinstance(result, int) and abs(result) > EXACT else result


def evaluate(expression: str) -> Number:
    """The value of an expression, as Python has it. Raises ToolFailed, with a sentence, quickly whatever is asked."""
    tree = _parse(" ".join(_tokens(expression)))
    try:
        return _value(tree, DEEPEST)
    except ZeroDivisionError:
        raise ToolFailed("This divides by zero.") from None
    except OverflowError:
        raise ToolFailed("A number on the way is too large.") from None
    except (ValueError, TypeError) as error:  # `sqrt(-1)`, `gcd(0.5)`, `sin()`
        raise ToolFailed(f"This can't be worked out: {error}.") from None


def _tokens(expression: str) -> Iterator[str]:
    """What the expression is made of. Nothing else reaches Python's parser: no keyword, string or attribute."""
    if len(expression) > MOST_CHARACTERS:
        raise ToolFailed(f"An expression has at most {MOST_CHARACTERS} characters; this has {len(expression)}.")
    text, at = expression.rstrip(), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ToolFailed(_unreadable(text[at:].lstrip()))
        if (name := match["name"]) and name not in _FUNCTIONS and name not in _CONSTANTS:
            raise ToolFailed(f"`{name[:64]}` is not known; there are {_KNOWN}.")
        yield match[0].strip()
        at = match.end()


def _unreadable(rest: str) -> str:
    if rest.startswith("^"):
        return "Powers are written `**`, not `^`."
    return f"`{rest[:20]}` can't be read; an expression has numbers, + - * / // % **, parentheses and functions."


def _parse(source: str) -> ast.expr:
    try:
        return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        raise ToolFailed(f"This is no whole expression: {error.msg}.") from None
    except (RecursionError, MemoryError, ValueError):
        raise _too_deep() from None


def _too_deep() -> ToolFailed:
    return ToolFailed(f"Nest at most {DEEPEST} operations; add many numbers with sum(…), or work this out in parts.")


def _value(node: ast.expr, depth: int) -> Number:
    if not depth:
        raise _too_deep()
    match node:
        case ast.Constant(value=int() | float() as number):
            result: Number = number
        case ast.Name(id=name) if name in _CONSTANTS:
            result = _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand):
            result = _UNARY[type(op)](_value(operand, depth - 1))
        case ast.BinOp(left=left, op=op, right=right):
            result = _BINARY[type(op)](_value(left, depth - 1), _value(right, depth - 1))
        case ast.Call(func=ast.Name(id=name), args=args) if name in _FUNCTIONS:
            result = _FUNCTIONS[name](*[_value(each, depth - 1) for each in args])
        case _:
            raise ToolFailed(_misplaced(node))
    return _checked(result)


def _misplaced(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return f"`{name}` is a function; give it arguments: `{name}(…)`."
        case ast.Call():
            return "Two things stand side by side; write `*` between what is to be multiplied."
        case ast.Tuple():
            return "A comma only stands between the arguments of a function; write thousands as 1000 or 1_000."
        case _:
            return f"`{ast.unparse(node)[:50]}` is no arithmetic."


def _checked(number: Number) -> Number:
    """A number that may be worked on. Whoever checks each one never sees a NaN made of infinities."""
    if isinstance(number, int):
        _bounded(number.bit_length() - 1)
    elif not math.isfinite(number):
        raise OverflowError
    return number
