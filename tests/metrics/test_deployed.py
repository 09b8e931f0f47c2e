"""The dashboard and the alerts ask only for what a server exposes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from puntini.metrics.names import METRICS
from tests.api.calling import serving
from tests.metrics.promql import faults, selected
from tests.metrics.scraped import Scrape, scrape
from tests.test_docs import ROOT

pytestmark = pytest.mark.anyio
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy" / "grafana" / "puntini.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
FIXED = {"limit", "rank", "transport"}
"""Labels of which every value is there from the start."""


async def exposed() -> Scrape:
    """What a server exposes that has done a little of everything."""
    async with serving(agent=("puntini",), offline_pause_seconds=0) as api:
        session_id = await api.create()
        async with api.stream(f"/v1/sessions/{session_id}/stream") as wire:
            await wire.until("event: live")
            await api.played(session_id, "Create a node called Alpha")
            await wire.until("event: task_completed")
        return await scrape(api)


def expressions() -> Iterator[tuple[str, str, str]]:
    """Where, what, and what is shown beside it."""
    for rule in RULES:
        yield rule["alert"], rule["expr"], " ".join(rule["annotations"].values())
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"], target["legendFormat"]
    for variable in DASHBOARD["templating"]["list"]:
        yield variable["name"], str(variable.get("definition", "")), ""
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"], annotation["titleFormat"]


async def test_every_metric_and_label_that_is_asked_for_is_exposed() -> None:
    scraped = await exposed()
    labels = scraped.labels

    assert {
        place: found for place, text, legend in expressions() if (found := faults(text, labels, legend=legend))
    } == {}
    values = {(series.name, label) for series in scraped.values for label in series.labels}
    for place, text, _ in expressions():
        for metric, matchers in selected(text):
            for name, operator, value in matchers:
                if name in FIXED and operator == "=":
                    assert (metric, (name, value)) in values, place


def test_what_is_not_exposed_is_found() -> None:
    exposed = {"puntini_tasks": {"status"}}
    assert faults('sum by (status) (puntini_tasks{status="queued", job="x"})', exposed) == []
    assert faults("rate(puntini_task[5m])", exposed) == ["puntini_task is not exposed"]
    assert faults('puntini_tasks{state="x"}', exposed) == ["puntini_tasks has no label state"]
    assert faults("max by (node) (puntini_tasks)", exposed) == ["no metric has the label node"]
    assert faults("puntini_tasks", exposed, legend="{{node}}") == ["no metric has the label node"]


def test_every_alert_says_how_grave_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"].keys() == {"summary", "description"}, rule["alert"]
        assert rule["expr"].count("(") == rule["expr"].count(")"), rule["alert"]


def test_every_metric_of_ours_is_on_the_dashboard() -> None:
    shown = {metric for _, text, _ in expressions() for metric, _ in selected(text)}
    families = {name.removesuffix("_bucket") for name in shown}
    assert METRICS.keys() - families == set()


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
