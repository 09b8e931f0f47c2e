"""Hypothesis strategies for everything that can be said, made from the structs themselves."""

from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import fields

from puntini.protocol.commands import AnyCommand
from puntini.protocol.events import ControlEvent, LoggedEvent
from puntini.protocol.graph import Edge, GraphOp, Node
from puntini.protocol.ids import EventId

S = TypeVar("S", bound=Struct)

# What has broken framings before: line breaks of every kind, quotes, escapes, and what looks like a field of ours.
TRICKS = [*'\r\n\u2028\u2029\x85\0"\\:', "\n\n", 'data: {"', '","level":"error', '","task_id":"x', "event: x\nid: 9"]

texts = st.lists(st.text(max_size=20) | st.sampled_from(TRICKS), max_size=4).map("".join)
surrogates = st.characters(categories=["Cs"])
broken_texts = st.lists(texts | surrogates, max_size=4).map("".join)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
epochs = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=16)
seqs = st.integers(0, 10**18 - 1)
event_ids = st.builds(EventId, epochs, seqs)


def of(type_: Any) -> SearchStrategy[Any]:
    """Valid values of a type that the structs use."""
    simple = {str: texts, int: st.integers(), float: st.floats(allow_nan=False, allow_infinity=False), Any: json_values}
    if type_ in simple:
        return simple[type_]
    if type_ is GraphOp:
        return graph_ops()
    if isinstance(type_, type) and issubclass(type_, Struct):
        return structs(type_)
    return _of_form(get_origin(type_), type_)


def _of_form(origin: Any, type_: Any) -> SearchStrategy[Any]:
    arguments = get_args(type_)
    if origin is Annotated:
        return _bounded(arguments[0], arguments[1])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin is list:
        return st.lists(of(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(of(arguments[0]), of(arguments[1]), max_size=3)
    if origin in (Union, UnionType):
        return st.one_of([of(argument) for argument in arguments])
    return {bool: st.booleans(), type(None): st.none(), UnsetType: st.just(UNSET)}[type_]


def _bounded(base: Any, meta: Meta) -> SearchStrategy[Any]:
    if base is int:
        least, most = (None if bound is None else int(bound) for bound in (meta.ge, meta.le))
        return st.integers(least, most)
    if base is not str:  # a list, and those made here are shorter than any bound
        return of(base)
    return texts.map(lambda text: text[: meta.max_length] or "x" * (meta.min_length or 0))


@cache
def structs(class_: type[S], without: frozenset[str] = frozenset()) -> SearchStrategy[S]:
    """Any struct of a class; fields that have a default may be left out, those named in ``without`` always are."""
    given = [field for field in fields(class_) if field.name not in without]
    required = {field.name: of(field.type) for field in given if field.required}
    optional = {field.name: of(field.type) for field in given if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda values: class_(**values))


@cache
def graph_ops() -> SearchStrategy[GraphOp]:
    """Operations that are complete."""
    changes: Any = st.sampled_from(["add", "update"])
    return st.one_of(
        st.just(GraphOp("clear")),
        st.builds(GraphOp, st.sampled_from(["remove_node", "remove_edge"]), id=texts),
        st.builds(GraphOp, changes.map("{}_node".format), node=structs(Node)),
        st.builds(GraphOp, changes.map("{}_edge".format), edge=structs(Edge)),
    )


commands: SearchStrategy[AnyCommand] = st.one_of([structs(class_) for class_ in AnyCommand.__args__])
# The log gives the first two; the others say who speaks in which task, and when, and a connection says none of it.
logged_events: SearchStrategy[LoggedEvent] = st.one_of(
    [structs(class_, frozenset({"id", "session_id"})) for class_ in LoggedEvent.__args__]
)
control_events: SearchStrategy[ControlEvent] = st.one_of(
    [structs(class_, frozenset({"id", "task_id", "attempt", "agent", "timestamp"})) for class_ in ControlEvent.__args__]
)
