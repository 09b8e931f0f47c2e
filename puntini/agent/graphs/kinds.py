"""How what graphs save is named. Known without LangGraph, whose import takes most of a second."""

CHECKPOINT, VALUE, WRITE = "checkpoint", "channel", "write"
KINDS = (CHECKPOINT, VALUE, WRITE)
LF = "\n"
NEWEST = "thread"
"""Names the threads of each agent: that of its last task, then those that may still be there."""
