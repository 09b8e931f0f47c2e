"""The built-in agent as a LangGraph state graph.

A node is what is not done again once it is done: a request to the model, and a round of calls with what decides on them
before and takes them in after. Each costs a checkpoint, so steps that only think share one with their neighbours.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Protocol

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from puntini.agent.builtin.mind import Mind
from puntini.agent.builtin.state import State, remembering
from puntini.agent.graphs.agent import GraphAgent
from puntini.agent.library import Source
from puntini.agent.models.contract import Model
from puntini.agent.tools.registry import Tools


class Step(Protocol):
    """Takes the state and returns what of it changes."""

    async def __call__(self, state: State) -> State:
        """Do it."""
        ...


def in_turn(*steps: Step) -> Step:
    """One node of several steps. A question to a person begins it anew, so it comes in the first one that speaks."""

    async def node(state: State) -> State:
        changed = State()
        for step in steps:
            changed.update(await step({**state, **changed}))
        return changed

    return node


def builtin(
    name: str, model: Model, tools: Tools, source: Source, *, workspace: Path | None = None, role: str = ""
) -> GraphAgent:
    """An agent with these tools. ``role`` is a sentence that its model is told."""
    mind = Mind(name, model, tools, source, workspace=workspace, role=role, person=interrupt)
    graph = StateGraph(State)
    graph.add_node("begin", in_turn(mind.parse_goal, mind.plan_step))
    graph.add_node("plan_step", mind.plan_step)
    graph.add_node("act", in_turn(mind.route_tool, mind.call_tool, mind.evaluate))
    graph.add_node("diagnose", mind.diagnose)
    graph.add_node("escalate", mind.escalate)
    graph.add_node("answer", mind.answer)
    graph.add_edge(START, "begin")
    planned: dict[Hashable, str] = {"route_tool": "act", "answer": "answer", "plan_step": "plan_step"}
    graph.add_conditional_edges("begin", mind.after_plan, planned)
    graph.add_conditional_edges("plan_step", mind.after_plan, planned)
    graph.add_conditional_edges("act", mind.after_evaluation, ["diagnose", "plan_step"])
    graph.add_conditional_edges("diagnose", mind.after_diagnosis, ["escalate", "plan_step"])
    graph.add_edge("escalate", "plan_step")
    graph.add_edge("answer", END)
    return GraphAgent(name, graph.compile(), tells_itself=True, remembering=remembering)
