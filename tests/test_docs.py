"""The pages say what the code does: every setting, command and option, and no link that leads nowhere.

The routes are proved in ``tests/api/test_docs.py``, events and commands of the protocol in
``tests/protocol/test_schema.py``, blocks of code in ``tests/docs``.
"""

import re
from pathlib import Path

import click
import pytest
from msgspec.structs import fields

from docs.site.writing import read
from puntini.cli import FAILED, INTERRUPTED, USAGE
from puntini.settings import DOCS, SECRETS, Secret, Settings
from tests.docs.commands import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
SETTINGS = (ROOT / "docs" / "settings.md").read_text("utf-8")
COMMAND_LINE = (ROOT / "docs" / "command-line.md").read_text("utf-8")
HTTP_REFERENCE = ROOT / "docs" / "http-reference.md"
"""A page of the site that is made when it is built."""
FOLDERS = "puntini|tests|docs|examples|bench|deploy"


def rows(text: str) -> list[list[str]]:
    """The rows of all tables, without their heads."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    rules = [number for number, cells in enumerate(found) if set("".join(cells)) == {"-"}]
    return [cells for number, cells in enumerate(found) if number not in rules and number + 1 not in rules]


# Settings.


def shown(default: object) -> str:
    """A default as the page writes it."""
    if default in ("", (), Secret()):
        return "none"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_every_setting_is_in_its_page_as_it_is_and_no_other() -> None:
    expected = {
        field.name: [
            f"`{field.name}`",
            "none" if field.type in SECRETS else f"`--{field.name.replace('_', '-')}`",
            f"`PUNTINI_{field.name.upper()}`",
            shown(field.default),
            DOCS[field.name],
        ]
        for field in fields(Settings)
    }
    documented = {cells[0].strip("`"): cells for cells in rows(SETTINGS)}

    assert documented == expected
    assert len(rows(SETTINGS)) == len(expected), "each is there once"


# The command line.


SECTIONS = dict(re.findall(r"^## `([^`\n]+)`\n(.*?)(?=^## |\Z)", COMMAND_LINE, re.MULTILINE | re.DOTALL))


def options(path: str) -> dict[str, click.Option]:
    """A command's options by how they are written; those that are settings have their own page."""
    found = [each for each in COMMANDS[path].params if isinstance(each, click.Option)]
    return {
        f"`{each.opts[0]}`" if each.is_flag else f"`{each.opts[0]} {each.metavar}`": each
        for each in found
        if path not in {"puntini serve", "puntini worker"} or each.name not in DOCS
    }


def test_every_command_has_its_section_and_there_is_no_other() -> None:
    assert re.findall(r"^## `(.+)`$", COMMAND_LINE, re.MULTILINE) == list(SECTIONS)
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("path", list(COMMANDS))
def test_every_option_is_in_its_commands_section_and_no_other(path: str) -> None:
    expected = options(path)
    documented = {cells[0]: cells[1] for cells in rows(SECTIONS[path])}

    assert set(documented) == set(expected)
    for name, option in expected.items():
        assert default_of(option) in documented[name], name


def default_of(option: click.Option) -> str:
    """What a page has to say of an option's default, if its help tells one."""
    found = re.search(r"default: ([^\]]+)\]", option.help or "")
    return f"`{found[1]}`" if found else ""


def test_every_variable_of_the_command_line_is_told() -> None:
    told = set(re.findall(r"PUNTINI_\w+", COMMAND_LINE))

    assert {each.envvar for command in COMMANDS.values() for each in command.params if each.envvar} <= told


def test_every_exit_code_is_told() -> None:
    assert [cells[0] for cells in rows(COMMAND_LINE.partition("\n## ")[0])] == [
        "0",
        *map(str, (FAILED, USAGE, INTERRUPTED)),
    ]


# Links.


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be linked by."""
    return {heading.anchor for heading in read(page.read_text("utf-8")).headings}


def links() -> list[tuple[Path, str]]:
    """Every link of a page to another, or to a heading."""
    found = [(page, link) for page in PAGES for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))]
    return [(page, link) for page, link in found if not re.match(r"https?:", link)]


@pytest.mark.parametrize(("page", "link"), links(), ids=lambda value: getattr(value, "name", value))
def test_every_link_leads_somewhere(page: Path, link: str) -> None:
    file, anchor = target(page, link), link.partition("#")[2]

    assert file == HTTP_REFERENCE or file.exists()
    assert file.is_relative_to(ROOT), "what is outside is not there for others"
    assert not anchor or anchor in anchors(file)


def test_every_page_is_reached_from_the_readme() -> None:
    reached, new = {ROOT / "README.md"}, {ROOT / "README.md"}
    while new:
        new = {target(page, link) for page, link in links() if page in new} & set(PAGES) - reached
        reached |= new

    assert set(PAGES) - reached == set()


def target(page: Path, link: str) -> Path:
    """The file that a link of a page names."""
    file = link.partition("#")[0]
    return (page.parent / file).resolve() if file else page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", page.read_text("utf-8")))

    assert [path for path in named if not (ROOT / path).exists()] == []
