"""What a person does and sees on a session's page, and what the server says of the same."""

import re
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.console.visiting import Visit

Said = tuple[str, str]
"""Who said something, and its words."""
Drawn = tuple[set[tuple[str, str]], set[tuple[str, str, str]]]
"""A graph: its nodes by name and label, its edges by their ends' names and what is between them."""
PATIENCE_MS = 15_000


def enter(visit: Visit, session: str, query: str = "") -> Page:
    """A session's page in a tab of its own, as soon as it follows the log."""
    page = visit.open(f"/#/sessions/{session}{query}")
    expect(page.get_by_role("button", name="Live")).to_be_visible(timeout=PATIENCE_MS)
    return page


def box(page: Page) -> Locator:
    """Where one writes."""
    return page.get_by_role("textbox", name="Message")


def say(page: Page, prompt: str) -> None:
    """Write something, and send it."""
    expect(box(page)).to_be_enabled()
    box(page).fill(prompt)
    box(page).press("Enter")


def conversation(page: Page) -> Locator:
    """All that was said and done."""
    return page.get_by_role("log", name="Conversation")


def tasks(page: Page) -> Locator:
    """The tasks that have not ended."""
    return page.get_by_role("list", name="Tasks").get_by_role("listitem")


def messages_seen(page: Page) -> list[Said]:
    """Who said what, as it is read."""
    found = []
    for article in conversation(page).get_by_role("article").all():
        words = article.locator(".message-prompt, .markdown").inner_text()
        found.append((article.get_attribute("aria-label") or "", _line(words)))
    return found


def messages_told(events: Iterable[dict[str, Any]]) -> list[Said]:
    """Who had said what after these events."""
    said: dict[str, Said] = {}
    for event in events:
        data = event["data"]
        match event["type"]:
            case "user_prompt":
                said[event["id"]] = ("You", _line(data["prompt"]))
            case "assistant_response":
                _, before = said.get(data["message_id"], ("", ""))
                begun = before[: data["offset"]] if data.get("chunk") else ""
                said[data["message_id"]] = (event["agent"], begun + data["text"])
    return [(who, _line(words)) for who, words in said.values()]


def graph_seen(page: Page) -> Drawn:
    """The graph as its list tells it; the list has to be open."""
    nodes = {(name, label) for name, label, *_ in _rows(page, "Nodes")}
    edges = {(source, label, target) for label, source, target, *_ in _rows(page, "Edges")}
    return nodes, edges


def graph_told(graph: dict[str, Any]) -> Drawn:
    """The same of a graph as the server has it."""
    names = {node["id"]: _name(node) for node in graph["nodes"]}
    nodes = {(names[node["id"]], node["label"]) for node in graph["nodes"]}
    edges = {(names[edge["source"]], _spoken(edge["label"]), names[edge["target"]]) for edge in graph["edges"]}
    return nodes, edges


def open_list(page: Page) -> None:
    """Show the graph in words."""
    page.get_by_role("toolbar", name="Graph").get_by_role("button", name="List").click()
    expect(page.get_by_role("region", name="Nodes")).to_be_visible()


def _rows(page: Page, table: str) -> list[list[str]]:
    rows = page.get_by_role("region", name=table).locator("tbody tr")
    cells = "(rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent.trim()))"
    found: list[list[str]] = rows.evaluate_all(cells)
    return found


def _name(node: dict[str, Any]) -> str:
    props = node.get("props", {})
    return str(props.get("name") or props.get("title") or node.get("key") or node["label"])


def _spoken(label: str) -> str:
    return label.lower().replace("_", " ") if re.fullmatch("[A-Z0-9_]+", label) else label


def _line(words: str) -> str:
    return " ".join(words.replace("*", "").replace("`", "").split())
