"""Orders, decisions and words that come to one node, for tasks that another runs."""

import anyio
import pytest
from msgspec.structs import replace

from puntini.agent import status
from puntini.agent.resting import change
from puntini.agent.rota import Action
from puntini.agent.status import End
from puntini.errors import Conflict, PuntiniError
from puntini.log.contract import Append, TaskRow
from puntini.protocol.commands import Action as ActionCommand
from puntini.protocol.commands import ActionData, UserPromptCommand, UserPromptCommandData
from puntini.protocol.events import Accepted
from tests.agent.actors import Asker, Deaf, Listener, Patient, Stepper, Tidy
from tests.agent.shared.nodes import node, rows
from tests.agent.stage import ANN, Stage, ends, numbers, until

pytestmark = pytest.mark.anyio


async def test_a_task_is_stopped_from_another_node_within_a_second(dsn: str) -> None:
    async with node(dsn, Deaf()) as here, node(dsn, Deaf()) as there:
        task = await here.task("wait")
        await here.until(task, "running")
        with anyio.fail_after(1):
            await there.control(task, "stop")
            await there.until(task, "cancelled")


async def test_a_task_is_paused_and_resumed_from_other_nodes(dsn: str) -> None:
    stepper = Stepper(4, allowed=2)
    async with node(dsn, stepper) as here, node(dsn, stepper, most=0) as there:
        task = await here.task("think")
        await here.spoken(task, 2)
        with anyio.fail_after(1):
            await there.control(task, "pause")
            await there.until(task, "paused")
        await there.control(task, "pause")
        await there.control(task, "resume")
        stepper.go()
        await there.until(task, "completed")
        assert numbers(await there.said(task)) == [1, 2, 3, 4]


async def test_a_pause_is_taken_back_from_another_node_before_the_safe_point(dsn: str) -> None:
    deaf = Deaf()
    async with node(dsn, deaf) as here, node(dsn, deaf) as there:
        task = await here.task("wait")
        await deaf.here.wait()
        await there.control(task, "pause")

        async def told() -> bool:
            return rows(dsn, "SELECT received FROM messages_to_tasks") == [(True,)]

        await until(told, "the pause to arrive")
        await there.control(task, "resume")
        row = await here.row(task)
        assert (row.status, row.attempt) == ("running", 1)
        with pytest.raises(Conflict, match="not paused"):
            await there.control(task, "resume")


async def test_a_resume_waits_for_an_agent_that_comes_to_rest_elsewhere(dsn: str) -> None:
    tidy = Tidy()
    async with node(dsn, tidy) as here, node(dsn, tidy) as there:
        task = await here.task("wait")
        await tidy.here.wait()
        await there.control(task, "pause")
        await tidy.tidying.wait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(there.control, task, "resume")
            await anyio.sleep(0.1)
            tidy.may_leave.set()
        await here.until(task, "completed")
        assert (await here.row(task)).attempt == 2


async def test_who_would_resume_what_ends_meanwhile_is_told_so_soon(dsn: str) -> None:
    async with node(dsn, Patient(), most=0) as front:
        task = await front.task("wait")
        row = replace(await front.row(task), status="running")
        await front.store.append(Append(session_id=row.session_id, task=row, at=row.created_at))
        assert front.store.queue is not None
        await front.store.queue.send(task, "pause")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_ends_in_a_moment, front, row)
            with anyio.fail_after(3), pytest.raises(Conflict):
                await front.control(task, "resume")


async def _ends_in_a_moment(life: Stage, row: TaskRow) -> None:
    """The last word of a worker that answers nobody any more."""
    await anyio.sleep(0.1)
    await change(life.store, row, status.ended(row, End("cancelled")))


async def test_of_many_who_resume_at_once_one_does_and_the_others_are_told_at_once(dsn: str) -> None:
    tidy = Tidy()
    async with node(dsn, tidy) as here, node(dsn, tidy, most=0) as there:
        task = await here.task("wait")
        await tidy.here.wait()
        await there.control(task, "pause")
        await tidy.tidying.wait()
        outcomes: list[str] = []

        async def resume(life: Stage) -> None:
            try:
                await life.control(task, "resume")
            except PuntiniError as error:
                outcomes.append(type(error).__name__)
            else:
                outcomes.append("resumed")

        with anyio.fail_after(4):
            async with anyio.create_task_group() as tasks:
                for life in (here, there) * 4:
                    tasks.start_soon(resume, life)
                await anyio.sleep(0.1)
                tidy.may_leave.set()
        assert sorted(outcomes) == ["Conflict"] * 7 + ["resumed"]
        await here.until(task, "completed")


@pytest.mark.parametrize("actions", [("stop", "pause"), ("pause", "resume"), ("stop", "stop"), ("resume", "stop")])
async def test_contrary_orders_at_once_have_one_outcome(dsn: str, actions: tuple[Action, Action]) -> None:
    stepper = Stepper(2, allowed=1)
    async with node(dsn, stepper) as runs, node(dsn, stepper) as one, node(dsn, stepper) as other:
        task = await runs.task("think")
        await runs.spoken(task, 1)
        outcomes: dict[Action, str] = {}

        async def order(life: Stage, action: Action) -> None:
            try:
                await life.control(task, action)
                outcomes[action] = "done"
            except PuntiniError as error:
                outcomes[action] = type(error).__name__

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(order, one, actions[0])
            tasks.start_soon(order, other, actions[1])
        if "stop" in actions:
            assert outcomes["stop"] == "done"
            await one.until(task, "cancelled")
        elif outcomes["resume"] == "Conflict":
            await one.until(task, "paused")
        else:
            stepper.go()
            await one.until(task, "completed")
        assert len(ends(await one.said(task))) <= 1


async def test_a_stop_that_a_dead_worker_did_not_hear_is_heard_by_the_next(dsn: str) -> None:
    other = Deaf()
    async with node(dsn, Deaf(), most=0) as there:
        async with node(dsn, Deaf()) as dead:
            task = await dead.task("wait")
            await dead.until(task, "running")
        await there.control(task, "stop")
        async with node(dsn, other):
            await there.until(task, "cancelled")
        assert not other.here.is_set() or other.left.is_set()


async def test_a_session_is_stopped_wherever_its_tasks_are(dsn: str) -> None:
    async with node(dsn, Deaf(), Patient()) as here, node(dsn, Deaf(), Patient()) as there:
        session = await here.session()
        tasks = [await here.prompt(session, "wait"), await there.prompt(session, "wait")]
        await here.until(tasks[0], "running")
        await there.desk.closing.close(session, "done")
        assert [await here.status(task) for task in tasks] == ["cancelled", "cancelled"]
        assert (await here.log(session))[-1].__struct_config__.tag == "session_closed"


async def test_no_task_outlives_its_session(dsn: str) -> None:
    async with node(dsn, Deaf()) as here, node(dsn, Deaf()) as there:
        for _ in range(5):
            session = await here.session()

            async def ask(session: str = session) -> None:
                for _ in range(10):
                    try:
                        await there.prompt(session, "wait")
                    except Conflict:
                        return

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(ask)
                await here.desk.closing.close(session, "done")
            assert not await here.store.tasks(session_id=session, open_only=True)


async def test_an_approval_is_decided_on_a_node_that_did_not_ask(dsn: str) -> None:
    async with node(dsn, Asker()) as here, node(dsn, Asker(), most=0) as there:
        task = await here.task("ask")
        await there.until(task, "waiting")
        with anyio.fail_after(1):
            await there.decide(task)
            await there.until(task, "completed")


async def test_of_two_who_decide_at_once_on_two_nodes_one_is_told(dsn: str) -> None:
    async with node(dsn, Asker()) as here, node(dsn, Asker()) as there:
        task = await here.task("ask")
        await there.until(task, "waiting")
        refused: list[str] = []

        async def decide(life: Stage) -> None:
            try:
                await life.decide(task)
            except (Conflict, ValueError) as error:
                refused.append(str(error))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(decide, here)
            tasks.start_soon(decide, there)
        await here.until(task, "completed")
        assert len(refused) == 1
        assert (await here.kinds(task)).count("approval_resolved") == 1


async def test_what_is_said_on_another_node_is_heard(dsn: str) -> None:
    agent = Listener()
    async with node(dsn, agent) as here, node(dsn, agent, most=0) as there:
        session = await here.session()
        task = await here.prompt(session, "go")
        await here.until(task, "running")
        with anyio.fail_after(1):
            assert await there.prompt(session, "wait!", if_busy="steer") == task
            await there.desk.execute(session, ActionCommand(data=ActionData(name="select")), who=ANN)
        agent.may_finish.set()
        await there.until(task, "completed")
        assert agent.heard == ["wait!", "[select]"]


async def test_what_another_version_sends_is_not_understood_and_does_no_harm(dsn: str) -> None:
    async with node(dsn, Deaf()) as here, node(dsn, Deaf(), most=0) as there:
        task = await here.task("wait")
        await here.until(task, "running")
        send = "INSERT INTO messages_to_tasks (task, verb, body) SELECT id, 'dance', '' FROM tasks RETURNING num"
        assert rows(dsn, send)
        ((number,),) = rows(dsn, send.replace("'dance', ''", "'tell', 'what?'"))
        assert isinstance(number, int)

        async def answered() -> bool:
            assert here.store.queue is not None
            return b"another version" in (await here.store.queue.answered(number) or b"")

        await until(answered, "an answer")
        await there.control(task, "stop")
        await there.until(task, "cancelled")


@pytest.mark.slow
async def test_what_is_said_to_a_worker_that_is_gone_starts_a_task_of_its_own(dsn: str) -> None:
    agent = Listener()
    async with node(dsn, agent, most=0) as there:
        async with node(dsn, agent) as dead:
            session = await dead.session()
            task = await dead.prompt(session, "go")
            await dead.until(task, "running")
        assert await there.prompt(session, "hello?", if_busy="steer") != task


async def test_what_one_node_interrupts_has_ended_when_it_begins(dsn: str) -> None:
    async with node(dsn, Deaf()) as here, node(dsn, Deaf()) as there:
        session = await here.session()
        task = await here.prompt(session, "wait")
        await here.until(task, "running")
        after = await there.prompt(session, "now", if_busy="interrupt")
        assert await here.status(task) == "cancelled"
        await there.until(after, "running")


async def test_a_command_that_comes_to_two_nodes_at_once_is_carried_out_once(dsn: str) -> None:
    async with node(dsn, Deaf()) as here, node(dsn, Deaf()) as there:
        session = await here.session()
        await here.until(await here.prompt(session, "wait"), "running")
        command = UserPromptCommand(command_id="c1", data=UserPromptCommandData(prompt="instead", if_busy="interrupt"))
        answers: list[Accepted] = []

        async def send(life: Stage) -> None:
            answer = await life.desk.execute(session, command, who=ANN)
            assert isinstance(answer, Accepted)
            answers.append(answer)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send, here)
            tasks.start_soon(send, there)
        assert answers[0].data.task_id == answers[1].data.task_id
        await here.until(answers[0].data.task_id, "running")
        assert ends(await here.log(session)) == ["task_cancelled"]
