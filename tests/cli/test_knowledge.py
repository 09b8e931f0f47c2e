"""``puntini knowledge``: files become documents, and are found."""

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Call, web_server
from tests.cli.terminal import sentence
from tests.live.serving import ROOT

OK, FAILED, USAGE = 0, 1, 2
SAMPLES = sorted((ROOT / "examples" / "knowledge").glob("*.md"))


@pytest.fixture
def note(tmp_path: Path) -> Path:
    """A small file."""
    path = tmp_path / "note.txt"
    path.write_text("The harvest of quinces begins in October.", "utf-8")
    return path


def test_a_file_that_is_added_is_found(call: Call, at: str, note: Path) -> None:
    added = call("knowledge", "add", str(note), at)
    found = call("knowledge", "search", "quince", at)

    assert (added.code, added.err, found.code, found.err) == (OK, "", OK, "")
    told = re.fullmatch(r"(doc_\w+)  note  \(1 passage\)\n", added.out)
    assert told
    assert found.out == f"note ({told[1]}, passage 1)\nThe harvest of quinces begins in October.\n\n"


def test_a_file_that_has_not_changed_is_not_added_again(call: Call, at: str, note: Path) -> None:
    first, second = call("knowledge", "add", str(note), at), call("knowledge", "add", str(note), at)
    note.write_text("The harvest of quinces is over.", "utf-8")
    third = call("knowledge", "add", str(note), at)

    assert first == second
    assert first.out != third.out


def test_the_samples_are_titled_by_their_headings_and_answer_questions(call: Call, at: str) -> None:
    added = call("knowledge", "add", *map(str, SAMPLES), at)

    assert (added.code, added.err) == (OK, "")
    assert 4 <= len(SAMPLES) == len(added.out.splitlines()) <= 6
    for question, title in (
        ("what happens when a connection is lost?", "Following a stream"),
        ("which tasks are on the critical path?", "Planning a project"),
        ("who owns a risk in the register?", "Risks"),
        ("retrospective", "Stakeholders and meetings"),
    ):
        assert call("knowledge", "search", question, "--limit=1", at).out.startswith(title), question


def test_what_is_not_there_is_not_found(call: Call, at: str) -> None:
    assert call("knowledge", "search", "zymurgy", at) == (OK, "", "Nothing was found.\n")


def test_what_is_found_can_not_drive_the_terminal(call: Call, at: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.md"
    path.write_text("# Evil \x1b[2J title\n\nxyzzy \x1b]0;owned\x07 text", "utf-8")
    added = call("knowledge", "add", str(path), at)
    found = call("knowledge", "search", "xyzzy", at)

    assert "owned" in found.out
    assert "\x1b]" not in found.out + added.out
    assert "\x07" not in found.out


def test_files_that_are_no_text_or_not_there_are_told(call: Call, at: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.md"
    path.write_bytes(b"\xff\xd8\xff")

    assert sentence(call("knowledge", "add", str(path), at), USAGE) == f"{path} is not UTF-8; give text or Markdown."
    for path, why in ((tmp_path / "none.md", "No such file or directory"), (tmp_path, "Is a directory")):
        assert sentence(call("knowledge", "add", str(path), at), USAGE) == f"{path} can't be read: {why}."
    assert call("knowledge", "add", at).code == USAGE


def test_a_file_that_is_too_large_is_the_server_s_to_refuse(call: Call, at: str, tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_text("word " * 300_000, "utf-8")

    assert "1048576" in sentence(call("knowledge", "add", str(path), at), FAILED)


def test_a_server_that_does_not_answer_is_told(call: Call, note: Path) -> None:
    assert "No server answers" in sentence(call("knowledge", "add", str(note), "--url=http://127.0.0.1:9"), FAILED)
    with web_server((200, "text/html", "<html>")) as url:
        assert "not a Puntini server" in sentence(call("knowledge", "search", "x", f"--url={url}"), FAILED)


@pytest.mark.parametrize("limit", ["0", "101", "many"])
def test_a_limit_that_can_not_be_is_told(call: Call, at: str, limit: str) -> None:
    assert call("knowledge", "search", "x", f"--limit={limit}", at).code == USAGE
