"""A supervisor hands work to its members: the driver to all agents, a created one to those that it names."""

from typing import Any

import pytest

from puntini.agent.models.anthropic import AnthropicModel
from puntini.agent.models.contract import Call, ModelFailed, Text
from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.staff import DRIVER
from puntini.agent.tools.registry import tool
from puntini.log.agents import NewAgent
from puntini.log.contract import Store
from puntini.protocol.commands import UserPromptCommandData
from puntini.protocol.events import (
    ApprovalRequest,
    GraphUpdate,
    PlanUpdate,
    TaskProgress,
    ToolCall,
    WorkflowUpdate,
)
from tests.agent.models.messages_server import answer, serving, text, thinking, tool_use
from tests.agent.stage import ANN, stage, until
from tests.agent.teams.playing import (
    Script,
    answer_of,
    done,
    error_of,
    handed,
    says,
    spoken,
    staff,
    statuses,
    steps,
    with_team,
)

pytestmark = pytest.mark.anyio


def hand(agent: str, task: str = "do it", call_id: str = "c1") -> Call:
    """A call that hands work over."""
    return Call(call_id, "hand_off", {"agent": agent, "reason": "It knows how.", "task": task})


# The driver.


async def test_work_is_handed_over_and_its_answer_comes_back(store: Store) -> None:
    async with stage(store, *staff(store, OfflineModel()).roster.values()) as life:
        said = await done(life, "ask the generator to add a person named Bob")

    assert handed(said) == [("driver", "generator")]
    [graph] = [event for event in said if isinstance(event, GraphUpdate)]
    assert (graph.agent, graph.data.author) == ("generator", "generator")
    [(speaker, theirs), (_, ours)] = spoken(said)
    assert speaker == "generator"
    assert theirs in ours
    assert ours == answer_of(said)


async def test_each_part_of_a_goal_goes_to_whom_it_suits(store: Store) -> None:
    async with stage(store, *staff(store, OfflineModel()).roster.values()) as life:
        said = await done(life, "add a person named Bob and write a report about Bob")

    assert handed(said) == [("driver", "puntini"), ("driver", "generator")]
    reasons = [event.data.reason for event in said if isinstance(event, WorkflowUpdate)]
    assert "builds and edits graphs" in reasons[0]
    assert "Here is a plain report about Bob" in answer_of(said)


async def test_what_is_said_to_nobody_in_particular_the_driver_answers_itself(store: Store) -> None:
    async with stage(store, *staff(store, OfflineModel()).roster.values()) as life:
        said = await done(life, "hello")

    assert handed(said) == []
    assert "offline model" in answer_of(said)


async def test_a_member_remembers_what_it_was_handed_before(store: Store) -> None:
    async with stage(store, *staff(store, OfflineModel()).roster.values()) as life:
        session = await life.session()
        for prompt in ("add a person named Alice", "rename her to Bob"):
            assert await life.ended(await life.prompt(session, prompt, agent=DRIVER)) == "completed"
        [node] = (await life.keeper.view(session)).graph.graph().nodes

    assert node.key == "Bob"


async def test_everybody_sees_who_works(store: Store) -> None:
    async with stage(store, *staff(store, OfflineModel()).roster.values()) as life:
        session = await life.session()
        task = await life.prompt(session, "ask the generator to add a person named Bob", agent=DRIVER)
        assert await life.ended(task) == "completed"
        said = await life.said(task)
        view = await life.keeper.view(session)

    assert statuses(said) == [("driver", "waiting"), ("generator", "busy"), ("generator", "idle"), ("driver", "busy")]
    assert {each.agent: each.status for each in view.agents()} == {"driver": "idle", "generator": "idle"}


async def test_how_far_a_member_is_is_not_how_far_the_task_is(store: Store) -> None:
    async with stage(store, *staff(store, OfflineModel()).roster.values()) as life:
        said = await done(life, "create a project management graph")

    assert [event.agent for event in said if isinstance(event, PlanUpdate)] == ["puntini"]
    assert not [event for event in said if isinstance(event, TaskProgress) and event.data.progress]


async def test_the_driver_has_the_creator_create_agents(store: Store) -> None:
    roster = staff(store, OfflineModel()).roster
    async with stage(store, *roster.values()) as life:
        said = await done(life, "create an agent named Ada that reviews contracts")

    made = roster.row("Ada")
    assert made is not None
    assert made.created_by.startswith("creator tsk_")
    calls = [event for event in said if isinstance(event, ToolCall) and event.data.tool_name == "create_agent"]
    assert [event.agent for event in calls] == ["creator", "creator"]


# What members may do, and what becomes of it.


async def test_a_created_agent_takes_work_over_with_its_own_tools_only(store: Store) -> None:
    add = [Call("c1", "add_nodes", {"nodes": [{"label": "Person", "key": "Bob"}]})]
    model = Script(driver=[[hand("ada")], [Text("It is done.")]], Ada=[add, [Text("I could not.")]])
    roster = staff(store, model).roster
    await roster.create(NewAgent(name="Ada", role="Counts.", capabilities=[], reason="A test.", tools=["calculate"]))
    async with stage(store, *roster.values()) as life:
        said = await done(life, "count")

    assert [tool.name for tool in model.asked("Ada")[0].tools] == ["set_plan", "calculate"]
    assert model.told("Ada")[0].failed
    assert not [event for event in said if isinstance(event, GraphUpdate)]
    assert [(outcome.content, outcome.failed) for outcome in model.told("driver")] == [("I could not.", False)]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (hand("nobody"), "No agent `nobody` is in this team; there are {all}."),
        (hand("driver"), "No agent `driver` is in this team; there are {all}."),
        (hand("generator", ""), "arguments: Expected `str` of length >= 1 - at `$.task`"),
        (Call("c1", "fly", {}), "There is no tool `fly`; there is hand_off."),
    ],
)
async def test_what_can_not_be_handed_over_is_told_to_the_model(store: Store, call: Call, why: str) -> None:
    model = Script(driver=[[call], [Text("So be it.")]])
    async with stage(store, *staff(store, model).roster.values()) as life:
        said = await done(life, "do it")

    # Where there are several nodes, all of them have one order.
    why = why.replace("{all}", "creator, generator, puntini" if store.queue else "puntini, creator, generator")
    assert [(outcome.content, outcome.failed) for outcome in model.told("driver")] == [(why, True)]
    assert handed(said) == []
    assert steps(said) == [("driver", 1)]


async def test_a_member_whose_model_fails_is_told_as_such(store: Store) -> None:
    model = Script(driver=[[hand("generator")], [Text("So be it.")]], generator=[ModelFailed("It is overloaded.")])
    async with stage(store, *staff(store, model).roster.values()) as life:
        said = await done(life, "do it")

    [outcome] = model.told("driver")
    assert (outcome.content, outcome.failed) == ("generator could not go on: It is overloaded.", True)
    assert statuses(said)[-2:] == [("generator", "idle"), ("driver", "busy")]


async def test_a_member_asks_a_person_for_what_needs_consent(store: Store) -> None:
    clear = [Call("c1", "clear_graph", {})]
    model = Script(driver=[[hand("generator")], [Text("Well.")]], generator=[clear, [Text("It is empty.")]])
    async with stage(store, *staff(store, model).roster.values()) as life:
        task = await life.task("do it", agent=DRIVER)
        row = await life.until(task, "waiting")
        [request] = [event.data for event in await life.said(task) if isinstance(event, ApprovalRequest)]
        await life.runner.decide(row.session_id, request.approval_id, "approved", None, "ann", None)
        assert await life.ended(task) == "completed"
        said = await life.said(task)

    calls = [(event.agent, event.data.status) for event in said if isinstance(event, ToolCall)]
    assert calls == [("generator", "started"), ("generator", "succeeded")]
    assert handed(said) == [("driver", "generator")]


async def test_two_pieces_at_once_are_a_plan_and_are_done_one_after_the_other(store: Store) -> None:
    both = [hand("generator", "write"), hand("puntini", "count", "c2")]
    model = Script(driver=[both, [Text("Both.")]], generator=says("Written."), puntini=says("Counted."))
    async with stage(store, *staff(store, model).roster.values()) as life:
        said = await done(life, "do both")

    [plan] = [event.data.current_plan for event in said if isinstance(event, PlanUpdate)]
    assert plan == ["generator: write", "puntini: count"]
    assert spoken(said) == [("generator", "Written."), ("puntini", "Counted."), ("driver", "Both.")]
    assert [outcome.content for outcome in model.told("driver")] == ["Written.", "Counted."]


async def test_the_same_ids_of_two_members_do_not_get_in_each_other_s_way(store: Store) -> None:
    add = [[Call("c1", "add_nodes", {"nodes": [{"label": "Person", "key": key}]})] for key in ("Ann", "Bob")]
    model = Script(
        driver=[[hand("generator"), hand("puntini", call_id="c2")], [Text("Both.")]],
        generator=[add[0], [Text("Ann.")]],
        puntini=[add[1], [Text("Bob.")]],
    )
    async with stage(store, *staff(store, model).roster.values()) as life:
        task = await life.task("add both", agent=DRIVER)
        assert await life.ended(task) == "completed"
        session = await life.keeper.view((await life.row(task)).session_id)

    assert {node.key for node in session.graph.graph().nodes} == {"Ann", "Bob"}
    assert [message.content for message in session.messages(limit=10)][1:] == ["Ann.", "Bob.", "Both."]


async def test_the_steps_and_tokens_of_all_count_as_the_task_s(store: Store) -> None:
    look = [Call("c1", "describe_graph", {})]
    model = Script(driver=[[hand("generator")], [Text("Well.")]], generator=[look, [Text("Nothing.")]])
    async with stage(store, *staff(store, model).roster.values()) as life:
        said = await done(life, "do it")
        row = await life.row(said[0].task_id)

    assert steps(said) == [("generator", 1), ("driver", 2)]
    assert (row.input_tokens, row.cost_usd) == (40, 2.0)


async def test_a_model_that_hands_over_for_ever_ends_with_the_task_s_steps(store: Store) -> None:
    model = Script(driver=[[hand("nobody")]])
    async with stage(store, *staff(store, model).roster.values()) as life:
        data = UserPromptCommandData(prompt="Go.", agent=DRIVER, max_steps=5)
        task = (await life.desk.prompt(await life.session(), data, who=ANN, once=None)).task_id
        assert await life.ended(task) == "failed"

        assert "5 steps" in error_of(await life.said(task))
    assert len(model.requests) == 6


async def test_what_people_say_meanwhile_reaches_the_supervisor_s_next_request(store: Store) -> None:

    @tool
    async def dawdle() -> str:
        """Wait until the user has said something."""
        await until(steered, "the user")
        return "done"

    async def steered() -> bool:
        return bool(life.runner.stats["running"]) and told

    model = Script(
        driver=[[hand("generator")], [Text("Blue.")]], generator=[[Call("c1", "dawdle", {})], [Text("Painted.")]]
    )
    told = False
    async with stage(store, *staff(store, model, dawdle).roster.values()) as life:
        session = await life.session()
        task = await life.prompt(session, "Paint it.", agent=DRIVER)

        async def painting() -> bool:
            return any(isinstance(event, ToolCall) for event in await life.said(task))

        await until(painting, "the member")
        data = UserPromptCommandData(prompt="Make it blue.", if_busy="steer")
        await life.desk.prompt(session, data, who=ANN, once=None)
        told = True
        assert await life.ended(task) == "completed"

    assert [block.text for block in model.asked("driver")[1].turns[-1].content if isinstance(block, Text)] == [
        "Make it blue."
    ]
    assert len(model.asked("generator")[1].turns) == 3


# A team of one's own.


async def test_a_created_supervisor_knows_its_members_only_and_hands_over_no_more_than_it_may(store: Store) -> None:
    model = Script(duo=[[hand("Ada")], [hand("Ada")], [hand("Ada")], [Text("Enough.")]], Ada=says("Once.", "Twice."))
    team = await with_team(store, model, members=["Ada"], manner="supervisor", max_turns=2)
    async with stage(store, *team.values()) as life:
        said = await done(life, "go on", "duo")

    request = model.asked("duo")[0]
    assert "- Ada: Talks." in request.system
    assert "generator" not in request.system
    assert [each["const"] for each in request.tools[0].parameters["properties"]["agent"]["oneOf"]] == ["Ada"]
    assert handed(said) == [("duo", "Ada")] * 2
    assert model.told("duo")[-1].content == "2 pieces were handed over, which is all; answer with what was done."


async def test_the_anthropic_model_leads_a_team(store: Store) -> None:
    arguments: dict[str, Any] = {"agent": "generator", "task": "Add Ann.", "reason": "It can."}
    async with serving() as server:
        server.will(
            answer(thinking("Who can?"), text("I ask the generator."), tool_use("t1", "hand_off", arguments)),
            answer(tool_use("t1", "add_nodes", {"nodes": [{"label": "Person", "key": "Ann"}]})),
            answer(text("Ann is there.")),
            answer(text("The generator added Ann.")),
        )
        model = AnthropicModel(model="claude-opus-5-5", api_key="key", base_url=server.url)
        async with stage(store, *staff(store, model).roster.values()) as life:
            said = await done(life, "Have Ann added.")
        await model.aclose()

    assert handed(said) == [("driver", "generator")]
    assert spoken(said) == [
        ("driver", "I ask the generator."),
        ("generator", "Ann is there."),
        ("driver", "The generator added Ann."),
    ]
    assert server.requests[1].body["messages"][0]["content"][0]["text"] == "Add Ann."
    [result] = server.requests[3].body["messages"][-1]["content"]
    assert (result["tool_use_id"], result["content"]) == ("t1", "Ann is there.")
