"""How operations are called in the OpenAPI document, by method and path: ``listSessions``, ``getTaskResult``."""

TAGS = {
    "sessions": ("Sessions", "Durable conversations: each is one log of events."),
    "chat": ("Chat", "A prompt in, the task's stream out."),
    "tasks": ("Tasks", "What agents work at: hand in, follow, control, and look at what became of it."),
    "agents": ("Agents", "Who works, and what they remember."),
    "tools": ("Tools", "What agents may call."),
    "documents": ("Knowledge", "Documents, and a search in them."),
    "templates": ("Templates", "Tasks that are written already."),
    "analytics": ("Analytics", "What tasks took and came to."),
    "register": ("Accounts", "Users, tokens, keys and tickets."),
    "health": ("System", "For operators and load balancers."),
}
_LIKE = {
    **dict.fromkeys(("memory",), "agents"),
    **dict.fromkeys(("search",), "documents"),
    **dict.fromkeys(("stream",), "tasks"),
    **dict.fromkeys(("login", "logout", "token", "me", "keys", "tickets", "users", "audit"), "register"),
}
_SINGULAR = frozenset({"status", "stats", "analytics", "metrics"})
_VERBS = {"POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def tag(path: str) -> str:
    """The heading under which an operation stands."""
    first = _words(path)[0]
    return TAGS.get(_LIKE.get(first, first), TAGS["health"])[0]


def operation_id(method: str, path: str) -> str:
    """A name that code generators can make a function of."""
    words = _words(path)
    *most, last = words
    nouns = [_one(word) for word in most]
    plural = _one(last) != last and not path.endswith("}")
    match method:
        case "GET" if plural:
            return _camel("list", *nouns, last)
        case "GET":
            return _camel("get", *nouns, _one(last))
        case "POST" if not plural:
            return _camel(last, *nouns)
        case _:
            return _camel(_VERBS[method], *nouns, _one(last))


def _words(path: str) -> list[str]:
    """The path without its version and its parameters."""
    parts = path.removeprefix("/v1").strip("/").replace(".", "/").split("/")
    return [part for part in parts if not part.startswith("{")]


def _one(word: str) -> str:
    """The singular."""
    if word in _SINGULAR or not word.endswith("s"):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


def _camel(first: str, *rest: str) -> str:
    pieces = [piece for word in (first, *rest) for piece in word.replace("-", "_").split("_")]
    return pieces[0] + "".join(piece[:1].upper() + piece[1:] for piece in pieces[1:])
