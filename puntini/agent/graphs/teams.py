"""Teams as LangGraph state graphs: a member works as a graph inside one of their nodes."""

from collections.abc import Awaitable, Callable

from langgraph.graph import END, START, StateGraph

from puntini.agent import emit
from puntini.agent.builtin.state import State, remembering
from puntini.agent.contract import Agent
from puntini.agent.graphs.agent import GraphAgent
from puntini.agent.teams.chat import GroupChat, Talk, overheard
from puntini.agent.teams.crew import voice_of
from puntini.agent.teams.supervisor import Led, Supervisor
from puntini.errors import Unavailable
from puntini.log.agents import AgentRow


class Members:
    """A team's crew. ``rows`` are those who are there, ``agent`` makes one ready."""

    def __init__(self, rows: Callable[[], list[AgentRow]], agent: Callable[[str], Awaitable[Agent | None]]) -> None:
        self.rows = rows
        self._agent = agent

    async def work(self, name: str, given: State, place: str) -> str:
        """Have a member bring something to its end."""
        member = await self._agent(name)
        if not isinstance(member, GraphAgent):
            raise Unavailable(f"The agent `{name}` is not there any more.")
        state = await member.join(given, voice_of(emit.voice(), name, place))
        return str(state["answer"])


def supervised(name: str, supervisor: Supervisor) -> GraphAgent:
    """A supervisor as an agent."""
    graph = StateGraph(Led)
    graph.add_node("begin", supervisor.begin)
    graph.add_node("choose", supervisor.choose)
    graph.add_node("hand", supervisor.hand)
    graph.add_node("work", supervisor.work)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "choose")
    graph.add_conditional_edges("choose", supervisor.after_choice, {"hand": "hand", "choose": "choose", "end": END})
    graph.add_conditional_edges("hand", supervisor.after_handing, ["work", "choose"])
    graph.add_edge("work", "hand")
    return GraphAgent(name, graph.compile(), tells_itself=True, remembering=remembering)


def chatting(name: str, chat: GroupChat) -> GraphAgent:
    """A group chat as an agent."""
    graph = StateGraph(Talk)
    graph.add_node("begin", chat.begin)
    graph.add_node("next", chat.next)
    graph.add_node("speak", chat.speak)
    graph.add_edge(START, "begin")
    graph.add_edge("begin", "next")
    graph.add_conditional_edges("next", chat.after_next, {"speak": "speak", "end": END})
    graph.add_edge("speak", "next")
    return GraphAgent(name, graph.compile(), tells_itself=True, remembering=overheard)
