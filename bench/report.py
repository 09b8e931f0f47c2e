"""Results as a Markdown table for people and as JSON for machines."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from bench.measure import Figure

PACKAGES = ("puntini", "uvicorn", "starlette", "sse-starlette", "uvloop", "apsw", "msgspec")

Value = Figure | str


class Row(msgspec.Struct):
    """One contender, or one arrangement, and what was measured of it."""

    name: str
    values: dict[str, Value]


class Result(msgspec.Struct):
    """One benchmark's outcome. ``target`` says what was hoped for, ``met`` whether it came true."""

    name: str
    title: str
    rows: list[Row]
    target: str
    met: bool
    notes: list[str] = []


def ratios(rows: Sequence[Row], column: str, baseline: str) -> None:
    """Add how many times the baseline's median each row's is; nothing when the baseline was not measured."""
    base = next((row.values[column] for row in rows if row.name == baseline), None)
    if not isinstance(base, Figure):
        return
    for row in rows:
        if isinstance(value := row.values.get(column), Figure):
            row.values[f"× {baseline}"] = value.times(base)


def median_of(rows: Sequence[Row], name: str, column: str) -> float:
    """A row's median; 0 when there is none."""
    found = next((row.values.get(column) for row in rows if row.name == name), None)
    return found.median if isinstance(found, Figure) else 0.0


def markdown(result: Result) -> str:
    """A table with a heading, the target and the notes."""
    columns = list(dict.fromkeys(column for row in result.rows for column in row.values))
    lines = [f"### {result.name}: {result.title}", "", _line("", *columns), _line(*["---"] * (len(columns) + 1))]
    lines += [
        _line(row.name, *(_text(row.values.get(column, ""), column) for column in columns)) for row in result.rows
    ]
    lines += ["", f"Target: {result.target}: **{'met' if result.met else 'missed'}**.", ""]
    lines += [f"- {note}" for note in result.notes]
    return "\n".join(lines) + "\n"


def _line(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _text(value: Value, column: str) -> str:
    if isinstance(value, str):
        return value
    if column.startswith("× "):
        return f"{_number(value.median)} ×"
    spread = "" if value.low == value.high else f" ({_number(value.low)}–{_number(value.high)})"
    return f"{_number(value.median)}{spread} {value.unit}".strip()


def _number(value: float) -> str:
    """Three digits that matter."""
    for size, letter in ((1_000_000, " M"), (1_000, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def machine() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def write(results: Sequence[Result], path: Path, *, quick: bool) -> None:
    """Write the results as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"machine": machine(), "quick": quick, "results": results}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n")
