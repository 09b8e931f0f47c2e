"""What is known of an agent, and what one is created from."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["built_in", "loaded", "created"]
Manner = Literal["supervisor", "group_chat"]
Tool = Annotated[str, Meta(min_length=1, max_length=64)]
# In Python `$` also matches before a last line feed, hence what follows it.
NewName = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z][A-Za-z0-9_-]{0,59}$(?!\\n)",
        description="A letter, then up to 59 letters, digits, `_` and `-`.",
    ),
]
Role = Annotated[str, Meta(min_length=1, max_length=2_000, description="What the agent is for.")]
Capability = Annotated[str, Meta(min_length=1, max_length=200)]
Capabilities = Annotated[list[Capability], Meta(max_length=20, description="What it can do, a few words each.")]
Reason = Annotated[str, Meta(min_length=1, max_length=1_000, description="Why it is needed.")]
Instructions = Annotated[str, Meta(max_length=8_000)]
Allowed = Annotated[list[Tool], Meta(max_length=100)]
Member = Annotated[str, Meta(min_length=1, max_length=60)]
Members = Annotated[list[Member], Meta(max_length=10, description="The agents of a team, by name.")]
MaxTurns = Annotated[int, Meta(ge=1, le=200)]
Until = Annotated[str, Meta(max_length=200, description="Ends a group chat when one of its members says it.")]
MAX_TURNS = 20
"""Of a team that is created without a number."""


class NewAgent(Struct, frozen=True, kw_only=True):
    """An agent to be created. ``tools`` are all that it may call: the ones that every agent may where none are said.

    With ``members`` and a ``manner`` it is a team: it has no tools, and works by asking its members.
    """

    name: NewName
    role: Role
    capabilities: Capabilities
    reason: Reason
    instructions: Instructions = ""
    tools: Allowed | None = None
    members: Members = []
    manner: Manner | None = None
    max_turns: MaxTurns | None = None
    until: Until = ""
    created_by: str = ""


class AgentRow(Struct, frozen=True, kw_only=True):
    """An agent's record. Of one that is loaded only the name is known.

    One with a ``manner`` is a team. One without ``members`` works with every agent that could be a member.
    """

    name: str
    kind: Kind
    role: str = ""
    capabilities: list[str] = []
    instructions: str = ""
    tools: list[str] = []
    model: str = ""
    members: list[str] = []
    manner: Manner | None = None
    max_turns: int = 0
    until: str = ""
    reason: str = ""
    created_by: str = ""
    created_at: int = 0
