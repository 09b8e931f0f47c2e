"""Texts that Postgres can't hold: the character NUL is written with two that it can, and comes back as it was."""

ESCAPE = "\ue000"
"""For private use, so that it is hardly in any text; where it is, it is written with two characters too."""
_NUL, _ITSELF = f"{ESCAPE}0", f"{ESCAPE}1"


def stored(text: str) -> str:
    """A text as it is kept. Beginnings of texts are kept as beginnings, so they can be searched by."""
    return text.replace(ESCAPE, _ITSELF).replace("\0", _NUL)


def given(text: str) -> str:
    """The text that is kept so."""
    return text.replace(_NUL, "\0").replace(_ITSELF, ESCAPE) if ESCAPE in text else text
