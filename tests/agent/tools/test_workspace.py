"""The files of the workspace are listed, searched and read, in parts of a bearable size."""

import os
from pathlib import Path
from typing import Any

import pytest

from puntini.agent.tools.registry import AnyTool, Result
from puntini.agent.tools.workspace import (
    MOST_FILE,
    MOST_LINE,
    MOST_LISTED,
    MOST_MATCHES,
    MOST_SCANNED,
    MOST_TEXT,
    list_files,
    read_file,
    search_files,
)
from tests.agent.tools.asking import Asker, ask

pytestmark = pytest.mark.anyio
POEM = "Roses are red,\nviolets are blue,\nthis is the third\nand the last line.\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with a few files."""
    folder = tmp_path / "files"
    (folder / "poems" / "old").mkdir(parents=True)
    (folder / "poems" / "roses.txt").write_text(POEM, encoding="utf-8")
    (folder / "poems" / "old" / "ode.txt").write_text("O violet!\n", encoding="utf-8")
    (folder / "image.png").write_bytes(b"\x89PNG\0\0violet")
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("violet", encoding="utf-8")
    (folder / ".env").write_text("KEY=violet", encoding="utf-8")
    (folder / "server.PEM").write_text("violet", encoding="utf-8")
    return folder


async def value(tool: AnyTool, root: Path, **arguments: Any) -> Any:
    result = await ask(tool, Asker(workspace=root), **arguments)
    assert result.success, result.error
    return result.value


async def refusal(tool: AnyTool, root: Path | None, **arguments: Any) -> str:
    result: Result = await ask(tool, Asker(workspace=root), **arguments)
    assert not result.success
    return result.error


async def read(root: Path, content: str | bytes, **arguments: Any) -> Any:
    """What is read of a file with this content."""
    (root / "new.txt").write_bytes(content.encode() if isinstance(content, str) else content)
    return await value(read_file, root, path="new.txt", **arguments)


# Listing.


async def test_files_are_listed_without_the_hidden_ones(root: Path) -> None:
    assert await value(list_files, root) == {
        "files": [
            {"path": "image.png", "kind": "file", "size": 12},
            {"path": "poems", "kind": "directory"},
            {"path": "poems/old", "kind": "directory"},
            {"path": "poems/roses.txt", "kind": "file", "size": len(POEM)},
        ]
    }


async def test_a_listing_goes_as_deep_as_asked(root: Path) -> None:
    flat = await value(list_files, root, depth=1)
    deep = await value(list_files, root, path="poems", depth=3)

    assert [each["path"] for each in flat["files"]] == ["image.png", "poems"]
    assert [each["path"] for each in deep["files"]] == ["poems/old", "poems/old/ode.txt", "poems/roses.txt"]


async def test_links_and_pipes_are_listed_as_what_they_are(root: Path) -> None:
    (root / "poems" / "link").symlink_to("roses.txt")
    (root / "poems" / "round").symlink_to("..")
    os.mkfifo(root / "poems" / "pipe")

    listed = (await value(list_files, root, path="poems", depth=8))["files"]

    assert {each["path"]: each["kind"] for each in listed} == {
        "poems/link": "link",
        "poems/old": "directory",
        "poems/old/ode.txt": "file",
        "poems/pipe": "other",
        "poems/roses.txt": "file",
        "poems/round": "link",
    }


async def test_a_long_listing_is_cut_and_says_so(root: Path) -> None:
    for number in range(MOST_LISTED + 5):
        (root / f"{number:04}.txt").touch()

    listed = await value(list_files, root)

    assert len(listed["files"]) == MOST_LISTED
    assert listed["note"].startswith(f"Only the first {MOST_LISTED} are listed")


async def test_a_file_is_no_directory(root: Path) -> None:
    assert "no directory" in await refusal(list_files, root, path="image.png")
    assert "There is no `nowhere`" in await refusal(list_files, root, path="nowhere")


# Reading.


async def test_a_file_is_read(root: Path) -> None:
    assert await value(read_file, root, path="poems/roses.txt") == {
        "path": "poems/roses.txt",
        "start": 1,
        "text": POEM.rstrip("\n"),
        "next": None,
    }


async def test_a_file_is_read_in_parts(root: Path) -> None:
    first = await value(read_file, root, path="poems/roses.txt", lines=2)
    rest = await value(read_file, root, path="./poems/roses.txt", start=first["next"], lines=2)

    assert first["text"] == "Roses are red,\nviolets are blue,"
    assert rest["text"] == "this is the third\nand the last line."
    assert (first["next"], rest["next"]) == (3, None)


async def test_reading_every_part_gives_the_whole(root: Path) -> None:
    whole = "\n".join(f"{number} " + "x" * (number % 300) for number in range(2_000))
    parts, start = [], 1
    while start:
        part = await read(root, whole, start=start, lines=500)
        assert len(part["text"]) <= MOST_TEXT + 500
        parts.append(part["text"])
        start = part["next"]

    assert "\n".join(parts) == whole


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", ""),
        ("one", "one"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        ("\ufeffwith a mark", "with a mark"),
        ("a\u2028b", "a\u2028b"),
        ("x" * MOST_LINE + "\n", "x" * MOST_LINE),
        ("x" * (MOST_LINE + 1), "x" * MOST_LINE + "… (1 characters more)"),
        ("è" * (3 * MOST_LINE) + "\nend", "è" * MOST_LINE + f"… ({2 * MOST_LINE} characters more)\nend"),
    ],
)
async def test_text_is_read_as_it_is(root: Path, content: str, text: str) -> None:
    assert (await read(root, content))["text"] == text


async def test_a_start_behind_the_end_is_told(root: Path) -> None:
    assert await refusal(read_file, root, path="poems/roses.txt", start=9) == "`poems/roses.txt` has only 4 lines."
    assert (await refusal(read_file, root, path="poems/roses.txt", start=0)).startswith("arguments.start: ")


async def test_a_huge_file_is_read_at_its_beginning_only(root: Path) -> None:
    with (root / "huge.txt").open("wb") as file:
        file.write(b"begin\n" + b"x" * (MOST_SCANNED + 9) + b"\nend\n")

    start = await value(read_file, root, path="huge.txt", lines=1)

    assert (start["text"], start["next"]) == ("begin", 2)
    assert "too large to be read so far" in await refusal(read_file, root, path="huge.txt", start=3)


@pytest.mark.parametrize("content", [b"\x89PNG\0\0", b"caf\xe9", "text".encode("utf-16")])
async def test_a_binary_file_is_told(root: Path, content: bytes) -> None:
    (root / "new.txt").write_bytes(content)

    assert await refusal(read_file, root, path="new.txt") == (
        "`new.txt` is a binary file, or not in UTF-8; only such text can be read."
    )


@pytest.mark.parametrize("path", ["poems", ".", "pipe"])
async def test_only_ordinary_files_are_read(root: Path, path: str) -> None:
    os.mkfifo(root / "pipe")

    assert "is no ordinary file" in await refusal(read_file, root, path=path)


# Searching.


async def test_lines_are_found_in_any_case(root: Path) -> None:
    found = await value(search_files, root, text="VIOLET")

    assert found == {
        "matches": [
            {"path": "poems/old/ode.txt", "line": 1, "text": "O violet!"},
            {"path": "poems/roses.txt", "line": 2, "text": "violets are blue,"},
        ],
        "searched": 2,
        "skipped": 1,
    }


async def test_a_search_can_be_of_a_directory_or_of_one_file(root: Path) -> None:
    folder = await value(search_files, root, text="violet", path="poems/old")
    file = await value(search_files, root, text="violet", path="poems/roses.txt")

    assert [each["path"] for each in folder["matches"]] == ["poems/old/ode.txt"]
    assert [each["path"] for each in file["matches"]] == ["poems/roses.txt"]
    assert "There is no `nowhere`" in await refusal(search_files, root, text="violet", path="nowhere")


async def test_many_matches_are_cut_and_that_is_said(root: Path) -> None:
    (root / "many.txt").write_text("violet\n" * (MOST_MATCHES + 1), encoding="utf-8")

    found = await value(search_files, root, text="violet")

    assert len(found["matches"]) == MOST_MATCHES
    assert found["note"].startswith(f"There are more than {MOST_MATCHES} matches")


async def test_what_is_too_large_is_skipped_and_counted(root: Path) -> None:
    (root / "large.txt").write_text("violet" + "x" * MOST_FILE, encoding="utf-8")

    found = await value(search_files, root, text="violet")
    alone = await value(search_files, root, text="violet", path="large.txt")

    assert (len(found["matches"]), found["skipped"]) == (2, 2)
    assert (alone["matches"], alone["skipped"]) == ([], 1)


async def test_a_match_in_a_long_line_is_shown_with_what_is_around_it(root: Path) -> None:
    (root / "long.txt").write_text("x" * 5_000 + "needle" + "y" * 5_000, encoding="utf-8")

    [match] = (await value(search_files, root, text="needle"))["matches"]

    assert "xneedley" in match["text"]
    assert len(match["text"]) < 210


# Where nothing can be read.


@pytest.mark.parametrize(
    ("tool", "arguments"), [(list_files, {}), (read_file, {"path": "a"}), (search_files, {"text": "a"})]
)
async def test_without_a_workspace_the_setting_is_named(tool: AnyTool, arguments: dict[str, Any], root: Path) -> None:
    assert "setting `workspace`" in await refusal(tool, None, **arguments)
    assert "setting `workspace`" in await refusal(tool, root / "nowhere", **arguments)
