"""The call with which a supervisor's model hands work over."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from puntini.agent.models.contract import ToolSpec
from puntini.agent.teams.transcript import Member
from puntini.log.agents import Reason

HAND_OFF = "hand_off"


class Wanted(Struct, frozen=True):
    """The call's arguments."""

    agent: Annotated[str, Meta(max_length=60)]
    task: Annotated[str, Meta(min_length=1, max_length=8_000)]
    reason: Reason


def hand_off(members: Sequence[Member]) -> ToolSpec:
    """The call, as a model is shown it."""
    agents = [{"const": member.name, "description": member.does} for member in members]
    return ToolSpec(
        HAND_OFF,
        "Hand a piece of work to a member of the team; its answer comes back as the result.",
        {
            "type": "object",
            "properties": {
                "agent": {"type": "string", "oneOf": agents, "description": "Who does it."},
                "task": {"type": "string", "description": "What it is to do, with all it has to know."},
                "reason": {"type": "string", "description": "Why this member, in a few words."},
            },
            "required": ["agent", "task", "reason"],
            "additionalProperties": False,
        },
    )


def members_of(spec: ToolSpec) -> list[Member]:
    """Who can be handed work, read back out of the call; nobody where it is another tool of that name."""
    try:
        agents = spec.parameters["properties"]["agent"]["oneOf"]
        return [Member(agent["const"], agent["description"]) for agent in agents]
    except (KeyError, TypeError):
        return []
