"""What nobody shall read in a log line or a debug event: secrets that the process knows, and what looks like one.

Whoever writes a line does not have to think of it, nor does a library: this comes last, on the finished text.
"""

import re
from collections.abc import Iterable, Sequence
from json import dumps
from typing import Any, NamedTuple
from urllib.parse import quote

REDACTED = "(secret)"
LEAST_SECRET = 6
"""What is shorter is a word that lines may have for other reasons."""

_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key"
_NAMES = r"(?:[a-z]+_)?(?:token|api_?key|ticket|password|passwd|secret)"
_VALUE = r"[^\s&\"'\\#,;]+"
_QUOTE = r"\\?['\"]"
_IN_HEADERS = ("authorization", "cookie", "x-api-key")
_IN_NAMES = ("token", "apikey", "api_key", "ticket", "password", "passwd", "secret")


class _Pattern(NamedTuple):
    """``marks``: without one of these in it, in small letters, a text holds nothing that the pattern would find."""

    marks: Sequence[str]
    form: re.Pattern[str]
    instead: str


_PATTERNS = (
    # Our own: API keys, tickets, refresh tokens, whole or cut off; then JSON Web Tokens, of anybody's.
    _Pattern(("pk_", "tk_", "rt_"), re.compile(r"(?<![0-9A-Za-z])(?:pk|tk|rt)_[0-9a-z]{8,32}_[\w-]{8,}"), REDACTED),
    _Pattern(("eyj",), re.compile(r"(?<![0-9A-Za-z])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), REDACTED),
    # A quoted name with a quoted value, as Python and JSON write them; a header as text, to the end of its line.
    _Pattern(
        tuple(f"{name}{quote}" for name in (*_IN_HEADERS, *_IN_NAMES) for quote in "\"'\\"),
        re.compile(rf"(?i)({_QUOTE}(?:{_HEADERS}|{_NAMES}){_QUOTE}\s*[:,]\s*b?{_QUOTE})[^\"'\r\n\\]+"),
        rf"\1{REDACTED}",
    ),
    _Pattern(_IN_HEADERS, re.compile(rf"(?i)\b({_HEADERS})(\s*[:=]\s*)[^\"'\r\n\\]+"), rf"\1\2{REDACTED}"),
    _Pattern(("bearer",), re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), rf"\1{REDACTED}"),
    _Pattern(("bearer.", "apikey."), re.compile(rf"(?i)\b(bearer|apikey)\.(?!\s|$){_VALUE}"), rf"\1.{REDACTED}"),
    # In addresses, forms and key=value.
    _Pattern(
        tuple(f"{name}=" for name in _IN_NAMES),
        re.compile(rf"(?i)(?<![a-z])({_NAMES})=(?!=){_VALUE}"),
        rf"\1={REDACTED}",
    ),
)
_HINTS = ("pk_", "tk_", "rt_", "eyj", "token", "key", "ticket", "passw", "authoriz", "bearer", "cookie", "secret")
"""Without one of these no text has a mark: most have none."""
_NAMED = re.compile(rf"(?i){_HEADERS}|{_NAMES}")


class Redaction:
    """Takes out of texts the given secrets, in the ways in which they are usually written, and what looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {form for secret in secrets if len(secret) >= LEAST_SECRET for form in _forms(secret)}
        self._secrets = sorted(found, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """The text without them. Cheap where there is nothing to be found."""
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, REDACTED)
        small = text.lower()
        if any(hint in small for hint in _HINTS):
            for marks, form, instead in _PATTERNS:
                if any(mark in small for mark in marks):
                    text = form.sub(instead, text)
        return text

    def values(self, value: Any) -> Any:
        """A value of JSON without them: its texts, at any depth, and all that stands under the name of a secret."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self(name): self._under(name, item) for name, item in value.items()}
        return [self.values(item) for item in value] if isinstance(value, list) else value

    def _under(self, name: str, value: Any) -> Any:
        return REDACTED if isinstance(value, str) and _NAMED.fullmatch(name) else self.values(value)


def _forms(secret: str) -> set[str]:
    """A secret as it is, in JSON, in an address."""
    return {secret, dumps(secret)[1:-1], quote(secret), quote(secret, safe="")}
