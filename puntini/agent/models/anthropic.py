"""Claude, through Anthropic's own SDK: connections, retries, failures. Beside it: what is sent, and what is heard."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from copy import copy
from random import uniform
from typing import Any
from urllib.parse import urlsplit

import anthropic
import anyio
import httpx2  # what the SDK speaks; it lets the errors of a stream that has begun through as they are

from puntini import tracing
from puntini.agent.models.anthropic_answer import Answer, Reader
from puntini.agent.models.anthropic_request import asked
from puntini.agent.models.contract import ModelFailed, Piece, Request, Turn
from puntini.agent.models.failures import BROKE_OFF, NO_STREAM, STATUS, Refused, refused
from puntini.agent.models.history import repaired, without_thinking
from puntini.errors import Misconfigured

BASE_URL = "https://api.anthropic.com"
CONNECT_SECONDS = 10.0
END_SECONDS = 0.5
FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0

OnRetry = Callable[[float, str], None]
"""Told before the model is asked again: the seconds until then, and a sentence that says why."""


class AnthropicModel:
    """One of Anthropic's models. Make one for the process, whose requests share its connections; ``aclose`` it.

    ``patience`` is how many seconds of silence are borne, before the first byte and between any two; ``longest``, how
    many an answer may take. With ``thinking_tokens`` the model is asked to think and to show it, with that much room
    beside its answer. With 0 it is left to the model: the newest think all the same, unseen and out of ``max_tokens``.
    """

    def __init__(
        self,
        *,
        model: str,
        api_key: str,
        base_url: str = BASE_URL,
        thinking_tokens: int = 0,
        max_retries: int = 5,
        patience: float = 60.0,
        longest: float = 900.0,
        on_retry: OnRetry | None = None,
    ) -> None:
        if not (api_key.isascii() and api_key.isprintable() and api_key.strip()):
            raise Misconfigured("The anthropic model needs a key: set PUNTINI_ANTHROPIC_API_KEY or ANTHROPIC_API_KEY.")
        self._model = model
        self._key = api_key
        self._host = urlsplit(base_url).hostname or base_url
        self._thinking_tokens = thinking_tokens
        self._max_retries = max_retries
        self._patience = patience
        self._longest = longest
        self._on_retry = on_retry
        # Retries are ours: the SDK's own are told to nobody.
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key,
            base_url=base_url,
            max_retries=0,
            timeout=anthropic.Timeout(patience, connect=min(patience, CONNECT_SECONDS)),
        )

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model

    def telling(self, on_retry: OnRetry) -> "AnthropicModel":
        """The same model on the same connections, for one who wants to be told of retries."""
        other = copy(self)
        other._on_retry = on_retry
        return other

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Ask, and again if it fails before anything was said; see ``Model.stream``.

        Whoever may stop half-way holds this in ``contextlib.aclosing``, so that the request ends then and there.
        """
        tries = _Tries(repaired(request.turns), self._max_retries)
        while True:
            answer = Answer(self._model)
            try:
                async with aclosing(self._pieces(request, tries.turns, answer)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except ModelFailed as error:
                failure = error
            except (anthropic.AnthropicError, httpx2.HTTPError) as error:
                failure = self._failure(error)
            # Raised out here: the SDK's errors hold the request and its key, and must not come along as a context.
            if answer.began:
                raise failure
            seconds = tries.next(failure)
            if self._on_retry is not None:
                self._on_retry(seconds, str(failure))
            await anyio.sleep(seconds)

    async def _pieces(self, request: Request, turns: Sequence[Turn], answer: Answer) -> AsyncGenerator[Piece, None]:
        """One attempt. Raises ModelFailed, and what the SDK raises."""
        body: dict[str, Any] = asked(request, turns, model=self._model, thinking_tokens=self._thinking_tokens)
        end, reader = time.monotonic() + self._longest, Reader()
        async with self._client.messages.with_streaming_response.create(
            **body, stream=True, extra_headers=tracing.headers()
        ) as response:
            if "text/event-stream" not in response.headers.get("content-type", ""):
                raise ModelFailed(NO_STREAM)
            chunks = response.iter_bytes()
            async for chunk in chunks:
                for event in reader.read(chunk):
                    if event.type == "error":
                        raise self._refused(STATUS.get(event.error.type, 500), event.error.message)
                    if (piece := answer.hear(event)) is not None:
                        yield piece
                if answer.over:
                    await _read_out(chunks)
                    break
                if time.monotonic() > end:
                    raise ModelFailed(f"The model took more than {self._longest:g} seconds: ask for less at once.")
        yield answer.whole()

    def _refused(self, status: int, said: str, headers: Mapping[str, str] | None = None) -> Refused:
        return refused(status, said.replace(self._key, "(the key)"), model=self._model, headers=headers or {})

    def _failure(self, error: Exception) -> ModelFailed:
        """An error of the SDK as one of ours."""
        match error:
            case anthropic.APIStatusError(body=body):
                said = error.api_message or (body if isinstance(body, str) else "")
                return self._refused(error.status_code, str(said), error.response.headers)
            case anthropic.APITimeoutError() | httpx2.TimeoutException():
                sentence = f"The model's provider was silent for {self._patience:g} seconds: try again later."
            case anthropic.APIConnectionError():
                sentence = (
                    f"The model's provider can't be reached at {self._host}: check the network and anthropic_base_url."
                )
            case httpx2.HTTPError():
                sentence = BROKE_OFF
            case _:  # what the SDK finds wrong with a request of ours would be wrong the next time too
                return ModelFailed(f"The model could not be asked: {type(error).__name__}.")
        return ModelFailed(sentence, retryable=True)


async def _read_out(chunks: AsyncIterator[bytes]) -> None:
    """Take what is left when the stream is over, if it comes soon, so that the connection can be used again."""
    with anyio.move_on_after(END_SECONDS), suppress(httpx2.HTTPError):
        async for _ in chunks:
            pass


class _Tries:
    """What is still to be tried for one request. Raises ModelFailed when there is nothing to be answered."""

    def __init__(self, turns: Sequence[Turn], most: int) -> None:
        if not turns:
            raise ModelFailed("Nothing has been said yet: say what the model is to answer.")
        self.turns = turns
        self._retries = 0
        self._most = most

    def next(self, failure: ModelFailed) -> float:
        """How many seconds to wait before the next try. Raises the failure when there is none."""
        refusal = failure if isinstance(failure, Refused) else None
        # Signed thoughts hold only behind the very prompt and tools they were made with, and in the same account.
        bare = repaired(without_thinking(self.turns))
        if refusal is not None and refusal.about_thinking and bare != self.turns:
            self.turns = bare
            return 0.0
        if not failure.retryable or self._retries == self._most:
            raise failure
        wait: float = min(LONGEST_WAIT, FIRST_WAIT * 2**self._retries) * uniform(0.5, 1)
        self._retries += 1
        if refusal is None or refusal.retry_after is None:
            return wait
        return min(LONGEST_WAIT, refusal.retry_after + wait / 10)
