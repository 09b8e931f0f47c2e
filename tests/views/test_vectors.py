"""The vectors that other folds are held to are what the server's views say today."""

from tests.views.vectors import COMMAND, FILE, content


def test_the_vectors_are_what_the_views_say() -> None:
    assert FILE.read_text("utf-8") == content(), f"the views have changed: `{COMMAND}` makes the vectors anew"
