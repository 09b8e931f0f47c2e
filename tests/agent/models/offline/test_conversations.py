"""Whole conversations: the calls are carried out on a real graph, and the answers say what came of them."""

import pytest

from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.models.offline.templates import Template, templates
from tests.agent.models.offline.world import MOST_ROUNDS, TOOLS, Conversation, World, text_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def talk() -> Conversation:
    """Somebody who begins to talk with the model, about an empty graph."""
    return Conversation(OfflineModel())


async def test_a_graph_is_built_asked_and_changed_in_plain_english(talk: Conversation) -> None:
    await talk.say('Add a person named Alice with age 30 and role "lead"')
    await talk.say("add Bob and Carol as people, then connect Alice to Bob as MANAGES")
    await talk.say("Carol reports to Bob")

    assert talk.world.lines() == {"Alice MANAGES Bob", "Carol REPORTS_TO Bob"}
    assert await talk.say("who manages Carol?") == "Bob manages Carol."
    assert await talk.say("who does Bob report to?") == "Bob reports to Alice."
    assert await talk.say("does Alice manage Bob?") == "Yes: Alice manages Bob."
    assert await talk.say("path from Alice to Carol") == "There is a path of 2 steps: Alice → Bob → Carol."
    assert await talk.say("how many people are there?") == "There are 3 people."
    assert await talk.say("what is Alice's age?") == "The age of Alice is 30."


async def test_it_and_them_are_what_was_named_last(talk: Conversation) -> None:
    await talk.say("add a person named Alice")
    await talk.say("hello")
    await talk.say("set her age to 31")
    await talk.say("rename it to Alicia")
    await talk.say("mark it as active")
    await talk.say("add Bob and Carol as people")
    await talk.say("connect them as friends")

    assert talk.world.props("Alicia") == {"age": 31, "status": "active"}
    assert talk.world.lines() == {"Bob FRIENDS Carol"}


async def test_a_statement_brings_along_what_is_missing_and_says_so(talk: Conversation) -> None:
    await talk.say("add a person named Alice")
    answer = await talk.say("Alice works for Acme")

    assert talk.world.keys("Company") == {"Acme"}
    assert talk.world.lines() == {"Alice WORKS_FOR Acme"}
    assert "I added the company Acme" in answer


async def test_a_command_does_not_and_connects_what_is_there(talk: Conversation) -> None:
    await talk.say("add Alice and Bob as people")
    answer = await talk.say("connect Alice to Bob and Zoe")

    assert talk.world.keys() == {"Alice", "Bob"}
    assert talk.world.lines() == {"Alice RELATED_TO Bob"}
    assert 'no node called "Zoe"' in answer


async def test_an_ambiguous_name_is_asked_back_with_what_there_is(talk: Conversation) -> None:
    await talk.say("add a person named Mercury and a planet named Mercury")

    asked_back = await talk.say("delete Mercury")

    assert "Mercury (person) or Mercury (planet)" in asked_back
    assert len(talk.world.nodes) == 2
    assert await talk.say("delete the planet Mercury") == "I removed Mercury (planet)."
    assert talk.world.keys("Planet") == set()


async def test_a_name_that_comes_near_is_offered_not_taken(talk: Conversation) -> None:
    await talk.say('add a task named "Write the report"')
    answer = await talk.say("delete report")

    assert "Did you mean Write the report (task)?" in answer
    assert talk.world.keys() == {"Write the report"}


async def test_a_wrong_label_is_mended_by_looking_the_name_up(talk: Conversation) -> None:
    await talk.say("add a person named Alice")

    assert await talk.say("rename the manager Alice to Alicia") == "Alice is called Alicia now."
    assert talk.world.keys() == {"Alicia"}


async def test_all_of_a_kind_are_changed_and_removed(talk: Conversation) -> None:
    await talk.say("create tasks Design, Build and Test, and a project named Atlas")
    await talk.say("link all tasks to Atlas as PART_OF")
    await talk.say("set the status of all tasks to open")
    await talk.say("mark Test as done")

    assert await talk.say("how many tasks are open?") == "There are 2 tasks with the status open."
    assert "I removed 2 nodes" in await talk.say("delete all tasks with status open")
    assert talk.world.lines() == {"Test PART_OF Atlas"}


async def test_what_failed_is_not_claimed(talk: Conversation) -> None:
    answer = await talk.say("set the age of Zorro to 3 and delete Zorro")

    assert "now" not in answer
    assert "removed" not in answer
    assert 'There is no node called "Zorro"' in answer


async def test_a_tool_that_is_not_given_is_not_called() -> None:
    talk = Conversation(OfflineModel(), tools=["find_nodes"])
    answer = await talk.say("add a person named Alice")

    assert talk.rounds == 1
    assert "I could not add Alice: the tool `add_nodes` is not given to this agent." in answer


async def test_a_refused_consent_is_told() -> None:
    world = World(refuses=["clear_graph"])
    talk = Conversation(OfflineModel(), world)

    assert "The graph was not cleared" in await talk.say("clear the graph")


async def test_what_the_graph_does_not_know_the_documents_may() -> None:
    talk = Conversation(OfflineModel(), World(documents=["Bees dance to tell the way."]))

    assert "Handbook: Bees dance to tell the way." in await talk.say("who are you? What are bees? Tell me about bees.")
    assert "documents say nothing" in await talk.say("what do the documents say about wasps?")


async def test_a_text_is_written_from_facts_alone(talk: Conversation) -> None:
    await talk.say("add a person named Alice with role lead. Alice manages Bob.")

    text = await talk.say("write a short text about Alice")

    assert "Alice is a person. It has the role lead. Alice manages Bob." in text
    assert "I invent nothing" in await talk.say("write a poem about dragons")


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.what)
async def test_a_template_draws_a_whole_connected_graph(talk: Conversation, template: Template) -> None:
    answer = await talk.say(f"create a {template.words[0]} graph")

    assert 15 <= len(talk.world.nodes) <= 25
    ends = {edge[end] for edge in talk.world.edges.values() for end in ("source", "target")}
    assert ends == set(talk.world.nodes)
    assert f"{len(talk.world.nodes)} nodes and {len(talk.world.edges)} relations" in answer


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.what)
async def test_what_a_template_suggests_next_works(talk: Conversation, template: Template) -> None:
    await talk.say(f"create a {template.words[0]} graph")

    for suggestion in template.next:
        answer = await talk.say(suggestion)
        for failure in ("don't understand", "no node", "says nothing", "found no", "no path"):
            assert failure not in answer, f"{suggestion}: {answer}"


async def test_a_template_is_drawn_for_somebody(talk: Conversation) -> None:
    await talk.say("create a project management graph for Apollo")

    assert talk.world.keys("Project") == {"Apollo"}
    assert "Apollo HAS_PHASE Design" in talk.world.lines()


async def test_a_subject_without_a_template_gets_an_honest_skeleton(talk: Conversation) -> None:
    answer = await talk.say("create a graph about bee keeping")

    assert talk.world.keys("Topic") == {"bee keeping"}
    assert len(talk.world.keys("Question")) == 5
    assert "invent nothing" in answer


async def test_a_goal_of_many_steps_ends_in_time_and_says_what_is_left(talk: Conversation) -> None:
    names = [f"N{number}" for number in range(12)]
    answer = await talk.say(". ".join(f"add a task named {name}. delete {name}" for name in names))

    assert talk.rounds == MOST_ROUNDS
    assert "To go on, say again what is left" in answer
    assert talk.world.keys() <= set(names)


async def test_a_new_goal_while_calls_are_out_is_answered_by_itself(talk: Conversation) -> None:
    await talk.say("add a person named Alice")
    pieces = await talk.hear("add a person named Bob")
    talk.turns.append(pieces[-1].turn)  # type: ignore[union-attr]

    await talk.say("rename Alice to Alicia")

    assert talk.world.keys() == {"Alicia"}


async def test_every_answer_ends_the_conversation_with_its_words(talk: Conversation) -> None:
    answer = await talk.say("add a person named Alice")

    assert text_of(talk.turns[-1]) == answer
    assert {tool.name for tool in talk.tools} == set(TOOLS)


async def test_several_are_told_as_several(talk: Conversation) -> None:
    await talk.say("Alice and Bob work on Atlas. Alice and Bob are married to Carol.")

    assert await talk.say("who works on Atlas?") == "Alice and Bob work on Atlas."
    assert await talk.say("who is married to Carol?") == "Alice and Bob are married to Carol."


async def test_what_is_clear_is_done_and_the_rest_is_asked_back(talk: Conversation) -> None:
    answer = await talk.say("add a person named Al and a dog")

    assert talk.world.keys() == {"Al"}
    assert "What should the dog be called?" in answer
