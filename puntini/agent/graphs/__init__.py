"""LangGraph's graphs as agents."""

import os

# What people say goes nowhere unless the operator asks for it: LangChain reads this when it is imported.
os.environ.setdefault("LANGSMITH_TRACING", "false")
