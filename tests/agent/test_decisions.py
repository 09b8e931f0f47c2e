"""Orders, decisions and a store that is away, as they meet while a task comes to rest or goes on."""

import anyio
import pytest
from msgspec.structs import replace

from puntini.agent.contract import Approval
from puntini.errors import Conflict, Invalid
from tests.agent.actors import Asker
from tests.agent.stage import FailingStore, LateStore, Stage, stage, until

pytestmark = pytest.mark.anyio


async def later(turns: int) -> None:
    """Let the loop turn so often."""
    for _ in range(turns):
        await anyio.lowlevel.checkpoint()


async def rests(life: Stage) -> None:
    """Wait until nothing runs or waits for its turn."""

    async def idle() -> bool:
        return life.runner.stats == {"running": 0, "queued": 0}

    await until(idle, "the task to rest")


@pytest.mark.parametrize("turns", range(0, 40, 2))
async def test_a_pause_that_comes_while_a_task_begins_to_wait_holds(turns: int) -> None:
    async with stage(LateStore(6), Asker()) as life:
        task = await life.task("ask")
        await later(turns)
        await life.control(task, "pause")
        await rests(life)
        assert (await life.kinds(task))[-1] == "task_paused"
        assert await life.status(task) == "paused"


@pytest.mark.parametrize("turns", range(0, 40, 2))
async def test_a_pause_that_comes_while_a_shutdown_leaves_the_task_holds(turns: int) -> None:
    store = LateStore(6)
    async with stage(store, Asker()) as life, anyio.create_task_group() as meanwhile:
        task = await life.task("ask")
        meanwhile.start_soon(life.runner.shutdown)
        await later(turns)
        await life.control(task, "pause")
    async with stage(store, Asker()) as life:
        assert await life.status(task) == "paused"


@pytest.mark.parametrize("turns", range(30))
async def test_a_pause_and_a_decision_that_meet_both_hold(turns: int) -> None:
    async with stage(LateStore(4), Asker()) as life:
        task = await life.task("ask")
        await life.until(task, "waiting")
        await rests(life)
        async with anyio.create_task_group() as both:
            both.start_soon(life.decide, task)
            await later(turns)
            try:
                await life.control(task, "pause")
            except Conflict as refusal:
                assert "completed" in refusal.message  # noqa: PT017 - the decision was faster by far
        await rests(life)
        kinds = [kind for kind in await life.kinds(task) if kind.startswith("task_")]
        if "task_paused" in kinds:
            assert kinds[-1] == "task_paused"
            await life.control(task, "resume")
        assert await life.ended(task) == "completed"


async def test_a_decision_behind_which_the_store_is_away_lets_the_task_go_on_when_it_is_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    store = FailingStore()
    async with stage(store, Asker()) as life:
        task = await life.task("ask")
        await life.until(task, "waiting")
        store.fills_with = "approval_resolved"
        await life.decide(task)

        async def refused() -> bool:
            return store.refused > 1

        await until(refused, "the second refusal")
        assert await life.status(task) == "waiting"
        store.fills_with, store.writes = "", True
        assert await life.ended(task) == "completed"
    assert capsys.readouterr().out.count("a decision waits for the store") == 1


COLOUR = Approval(key="colour", question="Which colour?", options=("red", "blue"))


async def test_an_answer_that_was_not_offered_is_refused_with_those_that_were() -> None:
    async with stage(LateStore(1), Asker(COLOUR)) as life:
        task = await life.task("ask")
        await life.until(task, "waiting")
        with pytest.raises(Invalid, match=r"^data\.value: answer with red or blue\.$"):
            await life.answer(task, "green")
        await life.answer(task, "blue")
        assert await life.ended(task) == "completed"


@pytest.mark.parametrize(
    "approval",
    [Approval(key="may", question="May I?"), replace(COLOUR, response_schema={"type": "string"})],
    ids=["yes or no", "a schema"],
)
async def test_other_words_are_an_answer_where_none_were_fixed(approval: Approval) -> None:
    async with stage(LateStore(1), Asker(approval)) as life:
        task = await life.task("ask")
        await life.until(task, "waiting")
        await life.answer(task, "Not on a Friday.")
        assert await life.ended(task) == "completed"


async def test_a_question_that_the_store_could_not_take_yet_expires_all_the_same() -> None:
    store = FailingStore()
    store.fills_with = "agent_status"
    async with stage(store, Asker(Approval(key="may", question="May I?", expires_seconds=0.05))) as life:
        task = await life.task("ask")

        async def refused() -> bool:
            return store.refused > 0

        await until(refused, "the store to refuse something")
        store.fills_with, store.writes = "", True
        assert await life.ended(task) == "completed"


async def test_a_value_that_no_checkpoint_can_hold_is_refused() -> None:
    async with stage(FailingStore(), Asker()) as life:
        task = await life.task("ask")
        await life.until(task, "waiting")
        with pytest.raises(Invalid, match="64 bits"):
            await life.answer(task, 1 << 70)
