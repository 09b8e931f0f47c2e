"""A model whose questions are counted: how many, how long, how many tokens, what they cost."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import perf_counter

from puntini import tracing
from puntini.agent.models.contract import Model, ModelFailed, Piece, Request, Spent, Whole
from puntini.figures import figures


class Metered:
    """Another model, and what there is to say of it. A question that is given up by who asked counts as ``left``."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """Ask; see ``Model.stream``."""
        began, outcome = perf_counter(), "left"
        span = tracing.begin("model answer", "client", about={"gen_ai.request.model": self.name})
        try:
            async with aclosing(self._model.stream(request)) as pieces:
                async for piece in tracing.within(span, pieces) if tracing.on() else pieces:
                    if isinstance(piece, Whole):
                        outcome = piece.stop
                        self._book(piece.spent, span)
                    yield piece
        except ModelFailed:
            outcome = "failed"
            raise
        finally:
            span.note({"puntini.outcome": outcome})
            span.end(error=outcome if outcome == "failed" else "")
            figures.model_requests[self.name, outcome] += 1
            figures.model_seconds[self.name].add(perf_counter() - began)

    def _book(self, spent: Spent, span: tracing.Span) -> None:
        span.note({"gen_ai.usage.input_tokens": spent.input_tokens, "gen_ai.usage.output_tokens": spent.output_tokens})
        figures.model_tokens[self.name, "input"] += spent.input_tokens
        figures.model_tokens[self.name, "output"] += spent.output_tokens
        figures.model_dollars[self.name] += spent.cost_usd or 0.0

    async def aclose(self) -> None:
        """Close it."""
        await self._model.aclose()
