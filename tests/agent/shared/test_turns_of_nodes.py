"""Many nodes on one database: whose turn it is, and who runs what."""

from contextlib import suppress

import anyio
import pytest

from puntini.errors import TaskRunning, TooMany
from puntini.log.queue import LEASE_SECONDS
from tests.agent.actors import Patient, Stepper, Talker
from tests.agent.shared.nodes import node, runs_out
from tests.agent.stage import Stage, ends, numbers, until
from tests.postgres import Postgres
from tests.proxy import proxy

pytestmark = pytest.mark.anyio


async def test_a_task_runs_where_it_was_asked_for(dsn: str) -> None:
    async with node(dsn, Talker(3)) as here, node(dsn, Talker(3)):
        task = await here.task("talk")
        assert await here.ended(task) == "completed"
        assert here.runner.leases["claims"] == 0, "it began at once"


async def test_a_node_without_workers_has_its_tasks_run_elsewhere(dsn: str) -> None:
    async with node(dsn, Talker(3), most=0) as front, node(dsn, Talker(3)) as worker:
        task = await front.task("talk")
        await front.until(task, "completed")
        assert worker.runner.leases["claims"] == 1
        kinds = await front.kinds(task)
        assert kinds.count("task_started") == kinds.count("task_completed") == 1


async def test_in_a_session_one_task_runs_at_a_time_over_all_nodes(dsn: str) -> None:
    first, second = Patient(), Patient()
    async with node(dsn, first) as here, node(dsn, second) as there:
        session = await here.session()
        tasks = [await life.prompt(session, "wait") for life in (here, there, here, there)]
        await here.until(tasks[0], "running")
        await anyio.sleep(0.1)
        assert len(first.present | second.present) == 1
        first.may_finish.set()
        second.may_finish.set()
        for task in tasks:
            await here.until(task, "completed")
        assert first.most_present <= 1
        assert second.most_present <= 1
        log = await here.log(session)
        assert [event.task_id for event in log if event.__struct_config__.tag == "task_completed"] == tasks


async def test_only_a_worker_that_has_the_agent_takes_its_task(dsn: str) -> None:
    heavy = Stepper(3, allowed=3)
    async with node(dsn, Talker(1), heavy, most=0) as front, node(dsn, Talker(1)) as light:
        task = await front.task("think", agent="stepper")
        await front.until(await front.task("talk"), "completed")
        assert await front.status(task) == "queued"
        async with node(dsn, heavy) as worker:
            await front.until(task, "completed")
            assert (light.runner.leases["claims"], worker.runner.leases["claims"]) == (1, 1)


async def test_a_lost_worker_s_task_is_taken_up_and_ends_once(dsn: str) -> None:
    stepper = Stepper(6, allowed=3)
    async with node(dsn, stepper) as frozen, node(dsn, stepper) as other:
        task = await frozen.task("think")
        await frozen.spoken(task, 3)
        runs_out(dsn, frozen)
        await other.until(task, "running")

        async def taken_over() -> bool:
            return (await other.row(task)).attempt == 2

        await until(taken_over, "the other node to take over")
        stepper.go()
        await other.until(task, "completed")
        assert numbers(await other.said(task)) == [1, 2, 3, 4, 5, 6]
        assert ends(await other.said(task)) == ["task_completed"]

        async def has_left() -> bool:
            return frozen.runner.stats["running"] == 0

        await until(has_left, "the first node to leave what it lost")


async def test_a_worker_that_stops_gives_its_tasks_back_at_once(dsn: str) -> None:
    stepper = Stepper(6, allowed=3)
    async with node(dsn, stepper) as staying:
        async with node(dsn, stepper) as leaving:
            task = await leaving.task("think")
            await leaving.spoken(task, 3)
            await leaving.runner.shutdown()
        row = await staying.until(task, "running")
        assert (row.attempt, row.crashes) == (2, 0)
        stepper.go()
        await staying.until(task, "completed")
        assert numbers(await staying.said(task)) == [1, 2, 3, 4, 5, 6]


async def test_two_who_would_be_alone_at_once_are_not_both(dsn: str) -> None:
    patient = Patient()
    async with node(dsn, patient) as here, node(dsn, patient) as there, node(dsn, patient, most=0) as front:
        session = await here.session()
        accepted: list[str] = []

        async def ask(life: Stage) -> None:
            with suppress(TaskRunning):
                accepted.append(await life.prompt(session, "wait", if_busy="reject"))

        async with anyio.create_task_group() as tasks:
            for life in (here, there, front):
                tasks.start_soon(ask, life)
        assert len(accepted) == 1
        patient.may_finish.set()
        await here.until(accepted[0], "completed")


async def test_a_queue_that_is_too_long_takes_no_more(dsn: str) -> None:
    async with node(dsn, Talker(1), most=0, most_queued=2) as front:
        for _ in range(2):
            await front.task("talk")
        with pytest.raises(TooMany) as refused:
            await front.task("talk")
        assert refused.value.queued == 2


async def test_lanes_of_which_a_node_does_not_know_are_given_back(dsn: str, postgres_server: Postgres) -> None:
    async with proxy(postgres_server.port) as wire, node(dsn, Talker(1), most=0) as front:
        task = await front.task("talk")
        wire.cut_at(b"chosen AS (", reach=True)  # a look for work
        through = dsn.replace(str(postgres_server.port), str(wire.port))
        asked = anyio.current_time()

        async with node(through, Talker(1)) as worker:
            await worker.ended(task)

            assert wire.cuts == 1
            assert anyio.current_time() - asked < LEASE_SECONDS, "nobody waits for the end of a lease"
            assert worker.runner.leases["claims"] == 1
