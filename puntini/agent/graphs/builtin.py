"""The built-in agent as a LangGraph state graph."""

from pathlib import Path

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from puntini.agent.builtin.mind import Mind
from puntini.agent.builtin.state import State
from puntini.agent.graphs.agent import GraphAgent
from puntini.agent.models.contract import Model
from puntini.agent.tools.registry import Tools
from puntini.log.documents import Documents


def builtin(
    name: str, model: Model, tools: Tools, documents: Documents, *, workspace: Path | None = None, role: str = ""
) -> GraphAgent:
    """An agent with these tools. ``role`` is a sentence that its model is told."""
    mind = Mind(name, model, tools, documents, workspace=workspace, role=role, person=interrupt)
    graph = StateGraph(State)
    for node in (
        mind.parse_goal,
        mind.plan_step,
        mind.route_tool,
        mind.call_tool,
        mind.evaluate,
        mind.diagnose,
        mind.escalate,
        mind.answer,
    ):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "parse_goal")
    graph.add_edge("parse_goal", "plan_step")
    graph.add_conditional_edges("plan_step", mind.after_plan, ["route_tool", "answer", "plan_step"])
    graph.add_edge("route_tool", "call_tool")
    graph.add_edge("call_tool", "evaluate")
    graph.add_conditional_edges("evaluate", mind.after_evaluation, ["diagnose", "plan_step"])
    graph.add_conditional_edges("diagnose", mind.after_diagnosis, ["escalate", "plan_step"])
    graph.add_edge("escalate", "plan_step")
    graph.add_edge("answer", END)
    return GraphAgent(name, graph.compile(), tells_itself=True)
