"""One graph, written by several nodes at a time: no version comes twice, and no edit is lost on another."""

import anyio
import pytest

from puntini.agent.contract import Task
from puntini.protocol.commands import GraphEdit, GraphEditData
from puntini.protocol.events import GraphUpdate, GraphUpdateData
from puntini.protocol.graph import GraphOp, Node
from tests.agent.shared.nodes import node
from tests.agent.stage import ANN, Stage

pytestmark = pytest.mark.anyio
COUNT = 16


def adding(name: str) -> list[GraphOp]:
    return [GraphOp(action="add_node", node=Node(id=name, label="Thing", key=name))]


class Builder:
    """Adds one node after the other to the graph."""

    name = "builder"

    async def run(self, task: Task) -> str:
        """Build."""
        for number in range(COUNT):
            data = GraphUpdateData(version=task.next_graph_version(), delta=adding(f"agent-{number}"), author="builder")
            task.emit(GraphUpdate(data=data))
            await task.point()
            await anyio.sleep(0.002)
        return "It is built."


async def test_an_agent_and_people_on_three_nodes_change_one_graph(dsn: str) -> None:
    async with node(dsn, Builder()) as runs, node(dsn, Builder()) as one, node(dsn, Builder()) as other:
        session = await runs.session()
        task = await runs.prompt(session, "build")

        async def edit(life: Stage, name: str) -> None:
            for number in range(COUNT // 2):
                data = GraphEditData(base_version=0, delta=adding(f"{name}-{number}"))
                await life.desk.execute(session, GraphEdit(data=data), who=ANN)

        async with anyio.create_task_group() as tasks:
            for life, name in ((one, "one"), (other, "other")):
                tasks.start_soon(edit, life, name)
        await one.until(task, "completed")

        log = await one.log(session)
        versions = [event.data.version for event in log if isinstance(event, GraphUpdate)]
        assert versions == sorted(set(versions)), "in order, and none twice"
        assert len(versions) == 2 * COUNT
        for life in (runs, one, other):
            graph = (await life.keeper.view(session)).graph
            assert len(graph.nodes()) == 2 * COUNT
            assert graph.version == versions[-1]
