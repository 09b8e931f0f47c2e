"""What a server exposes to Prometheus, read back."""

from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.api.calling import Api


class Series(NamedTuple):
    """One line: a sample's name, and its labels."""

    name: str
    labels: tuple[tuple[str, str], ...]


class Scrape:
    """One answer of /metrics. ``families`` are the names as they are declared, a counter's without ``_total``."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.families = {family.name: family for family in families}
        self.values = {
            Series(sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }

    def value(self, name: str, **labels: str) -> float:
        """A sample's value; 0 where it is not there."""
        return self.values.get(Series(name, tuple(sorted(labels.items()))), 0.0)

    @property
    def labels(self) -> dict[str, set[str]]:
        """By sample name, the labels that it has."""
        found: dict[str, set[str]] = {}
        for series in self.values:
            found.setdefault(series.name, set()).update(name for name, _ in series.labels)
        return found


async def scrape(api: Api) -> Scrape:
    """Ask a server that anybody may ask."""
    response = await api.ask("GET", "/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain; version=")
    return Scrape(response.text)
