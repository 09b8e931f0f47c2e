"""Verbs that state relations, as data: how they are said, their label, and what they usually stand between."""

from typing import NamedTuple

from puntini.agent.models.offline.text.words import vocabulary


class Verb(NamedTuple):
    """A relation. ``backwards``: it was said from its target, as in ``is managed by``."""

    label: str
    kinds: tuple[str, str]
    backwards: bool = False


# third person | base form | passive | from | to
_TABLE = """
manages          | manage         | managed by     | Person    | Person
leads            | lead           | led by         | Person    | Team
supervises       | supervise      | supervised by  | Person    | Person
mentors          | mentor         | mentored by    | Person    | Person
reports to       | report to      |                | Person    | Person
knows            | know           | known by       | Person    | Person
likes            | like           | liked by       | Person    | Thing
loves            | love           | loved by       | Person    | Person
follows          | follow         | followed by    | Person    | Person
helps            | help           | helped by      | Person    | Person
hires            | hire           | hired by       | Person    | Person
works with       | work with      |                | Person    | Person
works for        | work for       |                | Person    | Company
works at         | work at        |                | Person    | Company
works in         | work in        |                | Person    | Department
works on         | work on        | worked on by   | Person    | Task
lives in         | live in        |                | Person    | City
owns             | own            | owned by       | Person    | Thing
teaches          | teach          | taught by      | Person    | Course
studies          | study          | studied by     | Person    | Course
attends          | attend         | attended by    | Person    | Course
writes           | write          | written by     | Person    | Document
reads            | read           | read by        | Person    | Document
reads from       | read from      |                | Service   | Database
stores in        | store in       |                | Service   | Database
ships to         | ship to        |                | Warehouse | Store
joins            | join           |                | Person    | Team
founded          | found          | founded by     | Person    | Company
visits           | visit          | visited by     | Person    | City
depends on       | depend on      |                | Thing     | Thing
uses             | use            | used by        | Thing     | Thing
needs            | need           | needed by      | Thing     | Thing
requires         | require        | required by    | Thing     | Thing
contains         | contain        | contained in   | Thing     | Thing
includes         | include        | included in    | Thing     | Thing
belongs to       | belong to      |                | Thing     | Thing
has              | have           |                | Thing     | Thing
blocks           | block          | blocked by     | Task      | Task
precedes         | precede        | preceded by    | Task      | Task
creates          | create         | created by     | Thing     | Thing
produces         | produce        | produced by    | Thing     | Product
makes            | make           | made by        | Thing     | Product
supplies         | supply         | supplied by    | Supplier  | Thing
buys             | buy            | bought by      | Thing     | Product
sells            | sell           | sold by        | Thing     | Product
calls            | call           | called by      | Service   | Service
runs on          | run on         |                | Service   | Server
supports         | support        | supported by   | Thing     | Thing
causes           | cause          | caused by      | Thing     | Thing
solves           | solve          | solved by      | Thing     | Thing
implements       | implement      | implemented by | Thing     | Thing
tests            | test           | tested by      | Thing     | Thing
orbits           | orbit          | orbited by     | Planet    | Star
leads to         | lead to        |                | Thing     | Thing
"""
# "is … of", "is … to": said with a form of "be". Others of the kind are made into labels as they are.
_BEING = {
    "connected to": Verb("RELATED_TO", ("Thing", "Thing")),
    "connected with": Verb("RELATED_TO", ("Thing", "Thing")),
    "linked to": Verb("RELATED_TO", ("Thing", "Thing")),
    "married to": Verb("MARRIED_TO", ("Person", "Person")),
    "assigned to": Verb("ASSIGNED_TO", ("Person", "Task")),
    "responsible for": Verb("RESPONSIBLE_FOR", ("Person", "Task")),
    "located in": Verb("LOCATED_IN", ("Thing", "Place")),
    "part of": Verb("PART_OF", ("Thing", "Thing")),
    "member of": Verb("MEMBER_OF", ("Person", "Team")),
    "parent of": Verb("PARENT_OF", ("Person", "Person")),
    "child of": Verb("CHILD_OF", ("Person", "Person")),
    "friend of": Verb("FRIEND_OF", ("Person", "Person")),
    "friends with": Verb("FRIEND_OF", ("Person", "Person")),
    "manager of": Verb("MANAGES", ("Person", "Person")),
    "boss of": Verb("MANAGES", ("Person", "Person")),
    "owner of": Verb("OWNS", ("Person", "Thing")),
    "author of": Verb("WRITES", ("Person", "Document")),
    "leader of": Verb("LEADS", ("Person", "Team")),
    "teacher of": Verb("TEACHES", ("Person", "Course")),
}
INVERSES = {
    "MANAGES": "REPORTS_TO",
    "PARENT_OF": "CHILD_OF",
    "CONTAINS": "PART_OF",
    "PRECEDES": "FOLLOWS",
    "INCLUDES": "BELONGS_TO",
}
INVERSES |= {inverse: label for label, inverse in INVERSES.items()}
BEING = frozenset({"is", "are", "was", "were"})
PREPOSITIONS = vocabulary("of to by in with for on at from under near")


def _table() -> tuple[dict[str, Verb], dict[str, Verb], dict[str, Verb]]:
    third, base, passive = {}, {}, {}
    for row in _TABLE.strip().splitlines():
        says, plain, suffers, source, target = (cell.strip() for cell in row.split("|"))
        label = says.replace(" ", "_").upper()
        third[says] = base[plain] = Verb(label, (source, target))
        if suffers:
            passive[suffers] = Verb(label, (source, target), backwards=True)
    return third, base, passive


THIRD, BASE, _PASSIVE = _table()
AFTER_BEING = _BEING | _PASSIVE
EITHER = BASE | THIRD
