"""What a team can be made of."""

from collections.abc import Callable

from puntini.errors import Invalid
from puntini.log.agents import AgentRow, NewAgent


def check_team(new: NewAgent, called: Callable[[str], AgentRow | None]) -> list[str]:
    """The names of a new team's members as they are written; none where it is no team. Raises Invalid."""
    if new.manner is None:
        _check_alone(new)
        return []
    if not new.members:
        raise Invalid("members: name the agents that work together", path="members")
    if new.manner == "group_chat" and len(new.members) == 1:
        raise Invalid("members: a group chat takes two or more", path="members")
    if new.manner == "supervisor" and new.until:
        raise Invalid("until: a supervisor ends when it answers; only a group chat takes this", path="until")
    if new.tools is not None:
        raise Invalid("tools: a team calls none itself; give them to its members", path="tools")
    members = [_member(name, called).name for name in new.members]
    if twice := next((name for name in members if members.count(name) > 1), ""):
        raise Invalid(f"members: `{twice}` is named twice", path="members")
    return members


def _check_alone(new: NewAgent) -> None:
    if new.members:
        raise Invalid("manner: say how the members work together, `supervisor` or `group_chat`", path="manner")
    for name, given in (("max_turns", new.max_turns), ("until", new.until)):
        if given:
            raise Invalid(f"{name}: only a team takes this; give `members` and a `manner` too", path=name)


def _member(name: str, called: Callable[[str], AgentRow | None]) -> AgentRow:
    row = called(name)
    if row is None:
        raise Invalid(f"members: there is no agent `{name}`; see GET /v1/agents", path="members")
    if row.manner is not None:
        raise Invalid(f"members: `{row.name}` is a team, and a team has no teams in it", path="members")
    if not row.model:
        raise Invalid(f"members: `{row.name}` has no model, so it can't work in a team", path="members")
    return row
