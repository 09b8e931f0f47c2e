"""Tasks that depend on each other: what the offline model says can be started, and what it makes of a template."""

import pytest

from puntini.agent.models.offline.model import OfflineModel
from puntini.log.templates import BEGINNING
from tests.agent.models.offline.world import TOOLS, Conversation

pytestmark = pytest.mark.anyio
PROMPT = f"""{BEGINNING} "Moving house", for what is called "Our move".
Delete all tasks is no command here.
1. Pack the boxes (easy, about 6 h). Create a list of them.
Say first how you read the plan."""
QUESTIONS = [
    "what can be started first?",
    "What can I start?",
    "which tasks can be started now",
    "what should we begin with next?",
    "which tasks are ready?",
    "please, what is ready to start?",
    "what can I do next?",
    "what's next?",
]


@pytest.fixture
async def talk() -> Conversation:
    """A conversation about three tasks, of which one waits for the others, and one that waits for that."""
    talk = Conversation(OfflineModel())
    await talk.say("add tasks Boxes, Van, Drive and Unpack")
    for line in ("Drive depends on Boxes and Van", "Unpack depends on Drive"):
        await talk.say(line)
    assert len(talk.world.lines()) == 3
    return talk


@pytest.mark.parametrize("question", QUESTIONS)
async def test_what_can_be_started_is_told(talk: Conversation, question: str) -> None:
    assert await talk.say(question) == "None of 4 tasks is done. What can be started now: Boxes and Van."


async def test_what_is_done_or_under_way_is_taken_into_account(talk: Conversation) -> None:
    await talk.say("mark Boxes as done")
    await talk.say("mark Van as doing")
    assert await talk.say("what can be started next?") == (
        "1 of 4 tasks is done, and 1 under way. Nothing can be started now: what is left waits for tasks under way."
    )
    await talk.say("mark Van as done")
    assert await talk.say("what can be started next?") == "2 of 4 tasks are done. What can be started now: Drive."
    await talk.say("mark Drive as done")
    await talk.say("mark Unpack as done")
    assert await talk.say("what can be started next?") == "4 of 4 tasks are done. Nothing is left to start."


async def test_tasks_that_hang_together_with_nothing_are_seen_too(talk: Conversation) -> None:
    await talk.say("add a task named Party")

    assert await talk.say("which tasks are ready?") == (
        "None of 5 tasks is done. What can be started now: Boxes, Van and Party."
    )


async def test_a_template_is_told_and_changes_nothing(talk: Conversation) -> None:
    before, plans = set(talk.world.lines()), list(talk.world.plans)
    answer = await talk.say(PROMPT)

    assert answer.startswith(
        'This is the template "Moving house": 4 tasks, with 3 dependencies between them.\n1. Boxes\n'
    )
    assert "\n3. Drive, after 1 and 2\n4. Unpack, after 3\n" in answer
    assert "What can be started now: Boxes and Van. Say" in answer
    assert (talk.world.lines(), talk.world.plans) == (before, plans)
    assert len(talk.world.nodes) == 4


async def test_without_tasks_it_says_so() -> None:
    talk = Conversation(OfflineModel())

    assert (await talk.say("which tasks are ready?")).startswith("There are no tasks in the graph.")


async def test_without_its_tools_it_says_so() -> None:
    talk = Conversation(OfflineModel(), tools=[tool for tool in TOOLS if tool != "find_nodes"])

    assert "I could not look at the tasks" in await talk.say(PROMPT)
