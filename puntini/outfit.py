"""What a process works with: the model, tools and agents that its settings name."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

from puntini.agent.contract import Agent
from puntini.agent.loading import load as load_agent
from puntini.agent.loading import load_embedder
from puntini.agent.models.contract import Model
from puntini.agent.models.metered import Metered
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.scripted import ScriptedAgent
from puntini.agent.staff import ROLES
from puntini.agent.tools.builtin import builtin_tools
from puntini.agent.tools.loading import load_tools
from puntini.errors import Misconfigured
from puntini.log.embedding import Embedder
from puntini.settings import Settings


class Outfit:
    """All of it, loaded, with ``agents`` beside what the settings name. Raises Misconfigured."""

    def __init__(self, settings: Settings, agents: Sequence[Agent]) -> None:
        self.model = Metered(_model(settings))
        self.own_tools = [tool for spec in settings.tools for tool in load_tools(spec, Path.cwd())]
        self.tools = builtin_tools(self.own_tools)
        self.workspace = _workspace(settings.workspace)
        self.embedder = _embedder(settings.embedder)
        known: dict[str, Agent] = {agent.name: agent for agent in (ScriptedAgent(), *agents)}
        named = [spec for spec in settings.agent if spec not in ROLES]
        served = {spec: known.get(spec) or load_agent(spec, Path.cwd(), {*ROLES, *known}) for spec in named}
        _check_names(settings.agent, served)
        self.agents = known | {agent.name: agent for agent in served.values()}
        self.named = [served[spec].name if spec in served else spec for spec in settings.agent]
        self.default = self.named[0]

    async def aclose(self) -> None:
        """Put away what holds connections and threads."""
        try:
            if self.embedder is not None:
                self.embedder.close()
        finally:
            await self.model.aclose()


def _model(settings: Settings) -> Model:
    """The model that the settings name. Raises Misconfigured."""
    key = settings.anthropic_api_key.reveal()
    if settings.model == "offline" or (settings.model == "auto" and not key):
        return OfflineModel(pause_seconds=settings.offline_pause_seconds)
    from puntini.agent.models.anthropic import AnthropicModel  # its package takes a second to import

    return AnthropicModel(
        model=settings.anthropic_model,
        api_key=key,
        base_url=settings.anthropic_base_url,
        thinking_tokens=settings.model_thinking_tokens,
    )


def _check_names(specs: Sequence[str], served: Mapping[str, Agent]) -> None:
    """Raises Misconfigured where a name would stand for two agents."""
    names = [served[spec].name if spec in served else spec for spec in specs]
    for spec, name in zip(specs, names, strict=True):
        if names.count(name) > 1:
            raise Misconfigured(f"Two agents are called `{name}`; name one of them otherwise, as NAME={spec}.")
        if spec != name and name in {*ROLES, ScriptedAgent.name}:
            place = spec.rpartition("=")[2]
            raise Misconfigured(f"`{name}` is a built-in agent; give yours another name: NAME={place}.")


def _workspace(name: str) -> Path | None:
    """The directory that tools may read. Raises Misconfigured."""
    if not name:
        return None
    path = Path(name).absolute()
    if not path.is_dir():
        raise Misconfigured(f"The workspace {path} is no directory; name one with --workspace.")
    return path


def _embedder(spec: str) -> Embedder | None:
    """The embedder that the settings name. Raises Misconfigured, also without what compares its vectors."""
    if not spec:
        return None
    try:
        import_module("puntini.store.nearest")
    except ImportError:
        raise Misconfigured("An embedder needs numpy: pip install 'puntini[embeddings]'.") from None
    return load_embedder(spec, Path.cwd())
