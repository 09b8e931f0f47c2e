"""Why a provider did not answer, as one sentence that says what to do. Pure: from a status and the provider's words."""

from collections.abc import Mapping

from puntini.agent.models.contract import ModelFailed

WORDS_LIMIT = 300
TOO_LONG = "The conversation is longer than the model takes: begin a new session, or ask about less."
NO_STREAM = "The model's provider sent what is no stream of Messages: check anthropic_base_url."
BROKE_OFF = "The model's answer broke off: try again."

STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that an error has when it comes inside a stream, which began with 200."""


class Refused(ModelFailed):
    """What the provider said instead of an answer. ``retry_after`` is what it asked for, in seconds."""

    def __init__(
        self, message: str, *, retryable: bool, retry_after: float | None = None, about_thinking: bool = False
    ) -> None:
        super().__init__(message, retryable=retryable)
        self.retry_after = retry_after
        self.about_thinking = about_thinking


def refused(status: int, said: str, *, model: str, headers: Mapping[str, str]) -> Refused:
    """A refusal with a status. ``said`` are the provider's words, which may be anything."""
    told = headers.get("x-should-retry")
    retryable = status in (408, 409, 429) or status >= 500 if told is None else told == "true"
    return Refused(
        _sentence(status, bounded(said), model),
        retryable=retryable,
        retry_after=_retry_after(headers),
        about_thinking=status == 400 and "signature" in said and "thinking" in said,
    )


def _sentence(status: int, words: str, model: str) -> str:
    match status:
        case 401:
            return "The model's provider does not accept the key: set PUNTINI_ANTHROPIC_API_KEY or ANTHROPIC_API_KEY."
        case 404:
            return f"The model's provider has no model `{model}`: set anthropic_model to one that it has."
        case 413:
            return TOO_LONG
        case 400 if "too long" in words or "context window" in words or "context limit" in words:
            return TOO_LONG
        case 429:
            return f"The model's provider takes no more for now: try again later ({words})."
        case 503 | 529:
            return "The model's provider is overloaded: try again later."
        case _ if status >= 500:
            return f"The model's provider failed with {status}: try again later ({words})."
        case _:
            return f"The model's provider refused the request with {status}: {words}."


def bounded(said: str) -> str:
    """Another's words for the end of a sentence of ours: on one line, not too many, and without a full stop."""
    words = " ".join(said[: 4 * WORDS_LIMIT].split())
    short = words if len(words) <= WORDS_LIMIT else words[: WORDS_LIMIT - 1].rstrip() + "…"
    return short.rstrip(".") or "it did not say why"


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:  # there is none, or it is a date: then our own waits do
        return None
    return seconds if seconds >= 0 else None
