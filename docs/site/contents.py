"""What the site holds, in the order of its menu."""

from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
API = "http-reference.md"
"""Made from the OpenAPI document when the site is built; there is no such file."""


class Section(Struct, frozen=True):
    """A part of the menu: its pages by their place under ``docs``."""

    title: str
    pages: tuple[str, ...]


SECTIONS = (
    Section("Start", ("index.md", "quick-start.md", "tutorial.md")),
    Section(
        "How to",
        (
            "how-to/resume.md",
            "how-to/approvals.md",
            "how-to/tokens.md",
            "how-to/tools.md",
            "how-to/embed.md",
            "how-to/nginx.md",
            "how-to/api-keys.md",
            "how-to/identity-provider.md",
            "how-to/teams.md",
            "how-to/documents.md",
            "how-to/export-and-fork.md",
            "how-to/test-your-agent.md",
            "how-to/two-way-chat.md",
            "how-to/many-nodes.md",
        ),
    ),
    Section("Guides", ("agents.md", "console.md", "sdk.md", "../sdk/typescript/README.md")),
    Section(
        "Reference",
        ("protocol.md", "protocol-reference.md", "http-api.md", API, "command-line.md", "settings.md"),
    ),
    Section("Running it", ("security.md", "postgres.md", "deployment.md", "operations.md")),
    Section("Understanding it", ("design.md", "performance.md", "comparison.md", "../CHANGELOG.md")),
)


SHORT = {"index.md": "Home", "tutorial.md": "Tutorial", "../sdk/typescript/README.md": "The SDK's README"}
"""What pages are called in the menu, where their titles say too much or too little."""


def there(page: str) -> bool:
    """Whether a page of the menu can be built."""
    return page == API or (DOCS / page).is_file()


def order() -> list[str]:
    """All pages, one after the other."""
    return [page for section in SECTIONS for page in section.pages if there(page)]
