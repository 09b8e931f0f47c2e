"""What the offline model makes of a sentence: the calls of its first response, but for the plan."""

from typing import Any

import pytest

from puntini.agent.models.offline.model import OfflineModel
from puntini.agent.teams.handing import hand_off
from puntini.agent.teams.transcript import Member
from tests.agent.models.offline.world import TOOLS, Conversation, calls_in

pytestmark = pytest.mark.anyio

Call = tuple[str, dict[str, Any]]


def node(label: str, key: str, **props: Any) -> dict[str, Any]:
    """A node to add."""
    return {"label": label, "key": key} | ({"props": props} if props else {})


def people(*keys: str) -> list[dict[str, Any]]:
    """People to add."""
    return [node("Person", key) for key in keys]


def add(*nodes: dict[str, Any]) -> Call:
    """The call that adds nodes."""
    return "add_nodes", {"nodes": list(nodes)}


def connect(source: str, label: str, target: str, **props: Any) -> Call:
    """The call that makes one edge."""
    wanted: dict[str, Any] = {"source": source, "target": target, "label": label}
    return "connect", wanted | ({"props": props} if props else {})


def edges(*lines: str) -> Call:
    """The call that makes several, each said as ``Alice KNOWS Bob``."""
    split = (line.split() for line in lines)
    wanted = [{"source": source, "target": target, "label": label} for source, label, target in split]
    return "add_edges", {"edges": wanted}


def update(name: str, **changes: Any) -> Call:
    """The call that changes a node."""
    return "update_node", {"node": name, **changes}


def disconnect(source: str, target: str, **label: str) -> Call:
    """The call that removes edges."""
    return "disconnect", {"source": source, "target": target, **label}


def find(**wanted: Any) -> Call:
    """The call that finds nodes."""
    return "find_nodes", wanted


def around(name: str) -> Call:
    """The call that looks around a node."""
    return "neighbourhood", {"node": name}


def path(source: str, target: str) -> Call:
    """The call that looks for a path."""
    return "find_path", {"source": source, "target": target}


WHOLE: Call = ("describe_graph", {})
CLEAR: Call = ("clear_graph", {})

ADDING = [
    ("add a person named Alice", add(*people("Alice"))),
    ('Add a person named Alice with age 30 and role "lead".', add(node("Person", "Alice", age=30, role="lead"))),
    ("please create a new person called Alice", add(*people("Alice"))),
    ("CREATE A PERSON NAMED Alice", add(node("PERSON", "Alice"))),
    ("could you add person alice please", add(*people("alice"))),
    ("add Alice, Bob and Carol as people", add(*people("Alice", "Bob", "Carol"))),
    ("add two people, Anna and Ben", add(*people("Anna", "Ben"))),
    ("create tasks Design, Build & Test", add(*(node("Task", key) for key in ("Design", "Build", "Test")))),
    ("Create tasks:\n- Design\n- Go live", add(node("Task", "Design"), node("Task", "Go live"))),
    ("add 2 milestones", add(node("Milestone", "Milestone 1"), node("Milestone", "Milestone 2"))),
    ("add a person named Al and a project called Atlas", add(node("Person", "Al"), node("Project", "Atlas"))),
    ("add Anna (Person) and Atlas (Project)", add(node("Person", "Anna"), node("Project", "Atlas"))),
    ("create a node named Zoe of type Person with age 5", add(node("Person", "Zoe", age=5))),
    ("create a node Zoe with label Person", add(*people("Zoe"))),
    ("add Zoe", add(node("Thing", "Zoe"))),
    ("create 王小明 as a person and Zürich as a city", add(node("Person", "王小明"), node("City", "Zürich"))),
    ('add the company "Acme, Inc."', add(node("Company", "Acme, Inc."))),
    ("add a team member named Jo", add(node("TeamMember", "Jo"))),
    ("add a task named 'Do it' with due date 2027-01-31", add(node("Task", "Do it", due_date="2027-01-31"))),
    ("add a project Al with a budget of 12.5 and active = true", add(node("Project", "Al", budget=12.5, active=True))),
    ("add a person named Al aged 30", add(node("Person", "Al", age=30))),
    ("Add Dr. Smith as a person.", add(*people("Dr. Smith"))),
    ("add a person named Al. Add a person named Bo!", add(*people("Al", "Bo"))),
]  # fmt: skip
LINKING = [
    ("connect Alice to Bob", connect("Alice", "RELATED_TO", "Bob")),
    ("link Alice with Bob", connect("Alice", "RELATED_TO", "Bob")),
    ("connect Alice to Bob as KNOWS", connect("Alice", "KNOWS", "Bob")),
    ("connect Alice to Bob with MANAGES", connect("Alice", "MANAGES", "Bob")),
    ("connect Alice to Bob with a works with relation", connect("Alice", "WORKS_WITH", "Bob")),
    ("connect Alice and Bob as friends", connect("Alice", "FRIENDS", "Bob")),
    ("connect Al to Bo and Cy", edges("Al RELATED_TO Bo", "Al RELATED_TO Cy")),
    ("connect Al to Bo and Cy to Di as LIKES", edges("Al LIKES Bo", "Cy LIKES Di")),
    ("connect Al, Bo and Cy", edges("Al RELATED_TO Bo", "Bo RELATED_TO Cy")),
    ("create a KNOWS relation from Al to Bo with since 2020", connect("Al", "KNOWS", "Bo", since=2020)),
    ("add an edge between Al and Bo labelled LIKES", connect("Al", "LIKES", "Bo")),
    ("create a relationship reports to from Bo to Al", connect("Bo", "REPORTS_TO", "Al")),
    ("assign Alice to the task Design", connect("Alice", "ASSIGNED_TO", "Task:Design")),
    ("Alice manages Bob", connect("Alice", "MANAGES", "Bob")),
    ("Alice manages Bob and Carol", edges("Alice MANAGES Bob", "Alice MANAGES Carol")),
    ("Alice and Bob work on Atlas", edges("Alice WORKS_ON Atlas", "Bob WORKS_ON Atlas")),
    ("Alice manages Bob and Carol reports to Bob", edges("Alice MANAGES Bob", "Carol REPORTS_TO Bob")),
    ("Alice manages Bob and knows Carol", edges("Alice MANAGES Bob", "Alice KNOWS Carol")),
    ("Build depends on Design", connect("Build", "DEPENDS_ON", "Design")),
    ("Bob is managed by Alice", connect("Alice", "MANAGES", "Bob")),
    ("Rome is part of Italy", connect("Rome", "PART_OF", "Italy")),
    ("Alice is the parent of Bob", connect("Alice", "PARENT_OF", "Bob")),
    ("Alice is married to Bob", connect("Alice", "MARRIED_TO", "Bob")),
    ("Alice sponsors Bob", connect("Alice", "SPONSORS", "Bob")),
    ("make Alice manage Bob", connect("Alice", "MANAGES", "Bob")),
    ("add Alice to the team Core", connect("Alice", "MEMBER_OF", "Team:Core")),
    ("link all tasks to Atlas", find(label="Task", limit=50)),
]
CHANGING = [
    ("rename Alice to Alicia", update("Alice", key="Alicia")),
    ('rename the task "Go live" to Launch', update("Task:Go live", key="Launch")),
    ("change the name of Alice to Alicia", update("Alice", key="Alicia")),
    ("set the age of Alice to 31", update("Alice", props={"age": 31})),
    ("Set Alice's age to 31.", update("Alice", props={"age": 31})),
    ("change the due date of Atlas to 2027-03-01", update("Atlas", props={"due_date": "2027-03-01"})),
    ("set age to 5 for Zoe", update("Zoe", props={"age": 5})),
    ("set Alice's code to '007'", update("Alice", props={"code": "007"})),
    ("update Bob with age 41 and city Rome", update("Bob", props={"age": 41, "city": "Rome"})),
    ("give Bob the role lead", update("Bob", props={"role": "lead"})),
    ("mark Design as done", update("Design", props={"status": "done"})),
    ("Alice's age is 31", update("Alice", props={"age": 31})),
    ("the status of Design is open", update("Design", props={"status": "open"})),
    ("Bob has a budget of 500", update("Bob", props={"budget": 500})),
    ("Alice is 30 years old", update("Alice", props={"age": 30})),
    ("Design is done", update("Design", props={"status": "done"})),
    ("Alice is a manager", update("Alice", label="Manager")),
    ("change the label of Alice to Manager", update("Alice", label="Manager")),
    ("make Alice a manager", update("Alice", label="Manager")),
    ("remove the age of Alice", update("Alice", props={"age": None})),
    ("remove the role of Alice", update("Alice", props={"role": None})),
    ("delete Alice's age", update("Alice", props={"age": None})),
    ("delete the property age from Alice", update("Alice", props={"age": None})),
    ("set the status of all tasks to open", find(label="Task", limit=50)),
    ("delete Alice", find(text="Alice")),
    ("remove the task Design", find(text="Design")),
    ("delete all tasks", find(label="Task", limit=50)),
    ("delete all tasks with status done", find(label="Task", property="status", value="done", limit=50)),
    ("disconnect Alice from Bob", disconnect("Alice", "Bob")),
    ("remove the link between Alice and Bob", disconnect("Alice", "Bob")),
    ("delete the KNOWS relation from Alice to Bob", disconnect("Alice", "Bob", label="KNOWS")),
    ("remove Alice from Atlas", disconnect("Alice", "Atlas")),
    ("clear the graph", CLEAR),
    ("delete everything", CLEAR),
    ("Start over", CLEAR),
]
ASKING = [
    ("find all people", find(label="Person")),
    ("list the tasks", find(label="Task")),
    ("show all nodes", find()),
    ("which risks are there?", find(label="Risk")),
    ("which tasks are done?", find(label="Task", property="status", value="done")),
    ("list people with age 40", find(label="Person", property="age", value=40)),
    ("find people named Anna", find(label="Person", text="Anna")),
    ("find all nodes with label Person", find(label="Person")),
    ("find Anna", find(text="Anna")),
    ("search for anna", find(text="anna")),
    ("how many tasks are there?", find(label="Task", limit=1)),
    ("count the people", find(label="Person", limit=1)),
    ("how many nodes are there", WHOLE),
    ("how many relations do we have", WHOLE),
    ("what is in the graph?", WHOLE),
    ("describe the graph", WHOLE),
    ("summarise everything", WHOLE),
    ("show me the graph", WHOLE),
    ("which labels are there?", WHOLE),
    ("who manages Bob?", around("Bob")),
    ("what depends on Design", around("Design")),
    ("what does Build depend on?", around("Build")),
    ("who does Bob report to?", around("Bob")),
    ("which tasks depend on Design?", around("Design")),
    ("find people who work on Atlas", around("Atlas")),
    ("who is Bob's manager?", around("Bob")),
    ("does Alice manage Bob?", around("Alice")),
    ("what is connected to Alice?", around("Alice")),
    ("who is Alice connected to", around("Alice")),
    ("show the neighbours of Alice", around("Alice")),
    ("path from Alice to Bob", path("Alice", "Bob")),
    ("What is the shortest path between Alice and Bob?", path("Alice", "Bob")),
    ("how is Alice connected to Bob?", path("Alice", "Bob")),
    ("is Alice related to Bob", path("Alice", "Bob")),
    ("what is Alice's age?", find(text="Alice")),
    ("how old is Alice?", find(text="Alice")),
    ("who is Alice?", find(text="Alice")),
    ("tell me about the task Design", find(text="Design")),
]
ERRANDS = [
    ("what is 12*7", ("calculate", {"expression": "12*7"})),
    ("How much is 12 times 7?", ("calculate", {"expression": "12 * 7"})),
    ("calculate (3 + 4) / 2", ("calculate", {"expression": "(3 + 4) / 2"})),
    ("1,000 - 1", ("calculate", {"expression": "1000 - 1"})),
    ("what is the square root of 16?", ("calculate", {"expression": "sqrt(16)"})),
    ("what time is it in Tokyo?", ("current_time", {"timezone": "Asia/Tokyo"})),
    ("What time is it?", ("current_time", {"timezone": "UTC"})),
    ("what is the time in Europe/Rome", ("current_time", {"timezone": "Europe/Rome"})),
    ("what do the documents say about bees?", ("search_knowledge", {"query": "bees"})),
    ("search the knowledge base for late payment", ("search_knowledge", {"query": "late payment"})),
    ("look up contracts in the docs", ("search_knowledge", {"query": "contracts"})),
    ("list the files", ("list_files", {})),
    ("show the files in src", ("list_files", {"path": "src"})),
    ("search the files for TODO", ("search_files", {"text": "TODO"})),
    ("read README.md", ("read_file", {"path": "README.md"})),
    ("read docs/guide.md lines 10 to 20", ("read_file", {"path": "docs/guide.md", "start": 10, "lines": 11})),
]


@pytest.mark.parametrize(("sentence", "call"), [*ADDING, *LINKING, *CHANGING, *ASKING, *ERRANDS])
async def test_a_sentence_becomes_a_call(sentence: str, call: Call) -> None:
    assert await calls_for(sentence) == [call]


TEAMS = [
    (
        "ask the generator to write a poem about bees",
        (
            "hand_off",
            {"agent": "generator", "reason": "Somebody asked for this agent.", "task": "write a poem about bees"},
        ),
    ),
    (
        "create an agent named Ada that reviews contracts and answers mail",
        (
            "create_agent",
            {
                "name": "Ada",
                "role": "reviews contracts and answers mail",
                "capabilities": ["reviews contracts", "answers mail"],
                "reason": "Somebody asked for it.",
            },
        ),
    ),
]


@pytest.mark.parametrize(("sentence", "call"), TEAMS)
async def test_work_for_other_agents_is_handed_over(sentence: str, call: Call) -> None:
    assert await calls_for(sentence, "hand_off", "create_agent") == [call]


MEMBERS = [
    Member("clerk", "You help. Can: builds and edits graphs; answers from graph and documents."),
    Member("poet", "You write texts."),
    Member("maker", "You create agents."),
]


@pytest.mark.parametrize(
    ("sentence", "pieces"),
    [
        ("write a short text about bees", [("poet", "write a short text about bees")]),
        ("create an agent that reviews contracts", [("maker", "create an agent that reviews contracts")]),
        ("create a family tree", [("clerk", "create a family tree")]),
        ("who manages Bob?", [("clerk", "who manages Bob")]),
        (
            "Add a task Design. Add a task Build. Write a report about Design.",
            [("clerk", "Add a task Design. Add a task Build"), ("poet", "Write a report about Design")],
        ),
        ("ask the poet to add a task Design", [("poet", "add a task Design")]),
        ("hello", []),
        ("fnord blub", []),
    ],
)
async def test_who_leads_a_team_hands_each_part_to_whom_it_suits(sentence: str, pieces: list[tuple[str, str]]) -> None:
    talk = Conversation(OfflineModel(), tools=[hand_off(MEMBERS)], system="You are Lea, who leads a team.")
    await talk.say(sentence)

    assert talk.world.handed == pieces


CHAINS = [
    (
        "Add Alice and Bob as people, connect Alice to Bob as KNOWS and then rename Bob to Robert",
        ["Add the people Alice and Bob", "Connect: Alice knows Bob", "Change Bob: call it Robert"],
    ),
    (
        "add a person named Dan who manages Ben. Then list all people.",
        ["Add the person Dan", "Connect: Dan manages Ben", "Find people"],
    ),
    (
        "create a project management graph",
        ["Add the project and its phases", "Add the tasks and milestones", "Add the people", "Connect everything"],
    ),
]


@pytest.mark.parametrize(("sentence", "plan"), CHAINS)
async def test_work_of_several_steps_begins_with_a_plan(sentence: str, plan: list[str]) -> None:
    talk = Conversation(OfflineModel())
    await talk.say(sentence)

    assert talk.world.plans == [plan]


SILENT = [
    "fnord blub", "I like turtles", "tell me a joke", "show all people older than 30", "the", "?!", "delete", "who",
    "add a person", "rename it to Bob", "connect them", "what time is it in Atlantis", "what is",
    "does anything depend on X",
]  # fmt: skip


@pytest.mark.parametrize("sentence", SILENT)
async def test_what_is_not_understood_is_not_guessed(sentence: str) -> None:
    talk = Conversation(OfflineModel())
    answer = await talk.say(sentence)

    assert talk.rounds == 1
    assert "`" in answer or "instead" in answer  # it says what would work


@pytest.mark.parametrize(
    "sentence", ["hello", "help", "What can you do?", "who are you?", "are you a language model?", "fnord blub"]
)
async def test_it_says_that_it_is_the_offline_model(sentence: str) -> None:
    assert "offline model" in await Conversation(OfflineModel()).say(sentence)


async def calls_for(sentence: str, *more_tools: str) -> list[Call]:
    return await calls_of(Conversation(OfflineModel(), tools=[*TOOLS, *more_tools]), sentence)


async def calls_of(talk: Conversation, sentence: str) -> list[Call]:
    calls = calls_in(await talk.hear(sentence))
    return [(call.name, call.arguments) for call in calls if call.name != "set_plan"]
