"""What is known of an agent, and what one is created from."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Kind = Literal["built_in", "loaded", "created"]
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


class NewAgent(Struct, frozen=True, kw_only=True):
    """An agent to be created. ``tools`` are all that it may call: the ones that every agent may where none are said."""

    name: NewName
    role: Role
    capabilities: Capabilities
    reason: Reason
    instructions: Instructions = ""
    tools: Allowed | None = None
    created_by: str = ""


class AgentRow(Struct, frozen=True, kw_only=True):
    """An agent's record. Of one that is loaded only the name is known."""

    name: str
    kind: Kind
    role: str = ""
    capabilities: list[str] = []
    instructions: str = ""
    tools: list[str] = []
    model: str = ""
    reason: str = ""
    created_by: str = ""
    created_at: int = 0
