"""What time it is."""

from datetime import UTC, datetime, tzinfo
from difflib import get_close_matches
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Meta

from puntini.agent.tools.contract import ToolFailed
from puntini.agent.tools.registry import tool

NEAR = 3
LIKE = 0.75


@tool(timeout=5.0)
def current_time(
    timezone: Annotated[str, Meta(max_length=64, description="a name such as `Europe/Rome`")] = "UTC",
) -> dict[str, str]:
    """Tell the date and time at a place, and the day of the week."""
    now = datetime.now(_zone(timezone))
    return {"time": now.isoformat(timespec="seconds"), "weekday": f"{now:%A}", "timezone": timezone}


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC  # also where the system has no time zones
    # Only names that are in the list are opened: a zone's name is a path.
    if name not in _names().values():
        raise ToolFailed(f"There is no time zone `{name}`; {_instead(name)}")
    return ZoneInfo(name)


def _instead(name: str) -> str:
    names = _names()
    wanted = name.casefold().replace(" ", "_")
    near = [wanted] if wanted in names else get_close_matches(wanted, names, n=NEAR, cutoff=LIKE)
    found = dict.fromkeys(names[each] for each in near)
    return f"did you mean {' or '.join(f'`{each}`' for each in found)}?" if found else "use one like `Europe/Rome`."


@cache
def _names() -> dict[str, str]:
    """The system's time zones, by their name in lower case and by their city's."""
    zones = sorted(available_timezones())
    return {zone.casefold().rpartition("/")[2]: zone for zone in zones} | {zone.casefold(): zone for zone in zones}
