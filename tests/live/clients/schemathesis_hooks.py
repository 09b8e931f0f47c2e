"""What schemathesis has to know of Puntini beside the OpenAPI document: how to ask so that answers end."""

from typing import Any

import schemathesis
from schemathesis import Case, HookContext

STREAMS = ("/v1/chat", "/v1/tasks")
WAIT_SECONDS = 0.05


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], _options: dict[str, Any]) -> None:
    """A stream goes on for as long as there is something to come: ask for pages, and wait only shortly."""
    if "stream" in case.path or case.path in STREAMS:
        case.headers["Accept"] = "application/json"
    if (case.query or {}).get("wait") is not None:
        case.query = {**case.query, "wait": _short(case.query["wait"])}


def _short(wait: Any) -> Any:
    try:
        return min(float(wait), WAIT_SECONDS)
    except (TypeError, ValueError):
        return wait


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:
    """Any bytes are a text, so there is none that a text document should be refused for."""
    return not (case.media_type or "").startswith("text/")
