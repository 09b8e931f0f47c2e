"""The web console: what a first visit weighs, and how soon there is something to see."""

from gzip import compress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bench.contenders import Puntini
from bench.measure import Pace, figure
from bench.report import Result, Row
from bench.servers import ROOT
from tests.live.clients.pages import CHROMIUM, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

STATIC = ROOT / "puntini" / "console" / "static"
VISITS, QUICK_VISITS = 15, 5
MOST_MS, MOST_KB = 1_000, 300
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
USABLE = "() => performance.now()"
PAINT, READY, WEIGHT = "first paint, ms", "prompt can be typed, ms", "kB gzipped"


def console(pace: Pace) -> Result:
    """First visits, each by a browser that has nothing of it yet."""
    if not (STATIC / "index.html").exists():
        raise RuntimeError("the console is not built: `make console`")
    if find_spec("playwright") is None or CHROMIUM is None:
        raise RuntimeError("it needs playwright and Chromium")
    with Puntini() as server, chromium() as browser:
        url = "http://{}:{}/".format(*server.address)
        visits = [_visited(browser, url) for _ in range(QUICK_VISITS if pace.quick else VISITS)]
    paints, ready = figure(paint for paint, _ in visits), figure(usable for _, usable in visits)
    files = [path for path in STATIC.rglob("*") if path.suffix in {".html", ".js", ".css", ".svg"}]
    weight = sum(map(_weight, files))
    rows = [
        Row("a first visit", {PAINT: paints, READY: ready, WEIGHT: figure([weight])}),
        Row("without the graph, which comes when it is needed", {WEIGHT: figure([_without_graph(files)])}),
    ]
    return Result(
        "console",
        "a first visit to the web console, in Chromium on this machine",
        rows,
        f"first paint below {MOST_MS:,} ms, at most {MOST_KB} kB in all",
        paints.median < MOST_MS and weight <= MOST_KB,
        [
            f"{len(visits)} visits with an empty cache; Chromium draws without a graphics card, on both cores.",
            "All files of the console, fonts and images too; there are none from elsewhere.",
        ],
    )


def _visited(browser: "Browser", url: str) -> tuple[float, float]:
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(url)
        page.get_by_role("textbox").first.wait_for()
        usable = float(page.evaluate(USABLE))
        page.wait_for_function(PAINTED)
        return float(page.evaluate(PAINTED)), usable
    finally:
        context.close()


def _weight(path: Path) -> float:
    return len(compress(path.read_bytes(), 9)) / 1_000


def _without_graph(files: list[Path]) -> float:
    return sum(_weight(path) for path in files if not path.name.startswith("drawing"))
