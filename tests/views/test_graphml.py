"""Graphs as GraphML: there and back, what other programs write, and what is sent to do harm."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from puntini.errors import Invalid, PuntiniError, TooLarge
from puntini.protocol.graph import Edge, Graph, Node
from puntini.views.graphml import pieces
from puntini.views.graphml_reader import MOST_DEFAULTS, MOST_DEPTH, MOST_ELEMENTS, GraphmlReader
from tests.views.said import node

NS = {"g": "http://graphml.graphdrawing.org/xmlns"}


def written(graph: Graph) -> bytes:
    return "".join(pieces(graph)).encode()


def read(document: bytes | str, size: int = 1 << 30) -> Graph:
    raw = document.encode() if isinstance(document, str) else document
    reader = GraphmlReader()
    for start in range(0, len(raw), size):
        reader.feed(raw[start : start + size])
    reader.feed(b"", last=True)
    return reader.graph()


def wrapped(inside: str) -> str:
    return f"<graphml><graph>{inside}</graph></graphml>"


# There and back.

words = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('\x00\t\n\r\x85\u2028\ufffe"&<>]'), max_size=8
)
ids = words | st.sampled_from(['json:"a"', 'json:"', "json:x", ""])
numbers = st.integers(-(1 << 70), 1 << 70) | st.floats(allow_nan=False, allow_infinity=False)
values: st.SearchStrategy[Any] = st.recursive(
    words | numbers | st.booleans(),
    lambda inner: st.lists(inner | st.none(), max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=4,
)
props = st.dictionaries(words, values, max_size=3)
nodes = st.builds(Node, ids, words, st.just(UNSET) | words, props)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    there = draw(st.lists(nodes, max_size=4, unique_by=lambda each: each.id))
    ends = st.sampled_from([each.id for each in there] or [""])
    edges = draw(st.lists(st.builds(Edge, ids, words, ends, ends, props), max_size=3)) if there else []
    return Graph(0, there, edges)


@given(graphs(), st.integers(1, 50))
def test_nothing_is_lost_on_the_way_there_and_back(graph: Graph, size: int) -> None:
    back = read(written(graph), size)

    assert repr((back.nodes, back.edges)) == repr((graph.nodes, graph.edges))


def test_types_and_names_are_told_so_that_others_can_read_them() -> None:
    graph = Graph(3, [node("a", "City", "Bern", people=134_000, höhe=540.5, old=True, tags=["x"])], [])
    root = ET.fromstring(written(graph))

    keys = {each.get("id"): (each.get("attr.name"), each.get("attr.type")) for each in root.findall("g:key", NS)}
    [found] = root.findall("g:graph/g:node", NS)
    data = {keys[each.get("key")]: each.text for each in found}

    assert found.get("id") == "a"
    assert data == {
        ("label", "string"): "City",
        ("key", "string"): "Bern",
        ("people", "long"): "134000",
        ("höhe", "double"): "540.5",
        ("old", "boolean"): "true",
        ("tags", "string"): '["x"]',
    }


def test_a_property_may_be_called_as_we_call_ours() -> None:
    graph = Graph(0, [Node("a", "City", props={"label": "x", "key": "y"})], [Edge("e", "TO", "a", "a", {"label": 1})])

    assert read(written(graph)) == graph


# What other programs write.


def test_a_graph_of_networkx_is_read() -> None:
    graph = read(
        """<?xml version='1.0' encoding='utf-8'?>
        <graphml xmlns="http://graphml.graphdrawing.org/xmlns">
        <key id="d2" for="edge" attr.name="weight" attr.type="double"/>
        <key id="d1" for="node" attr.name="age" attr.type="int"><default>7</default></key>
        <key id="d0" for="node" attr.name="name" attr.type="string"/>
        <graph edgedefault="undirected"><data key="d9">of the graph</data>
          <node id="n0"><data key="d0">Ann</data><data key="d1"> 30 </data></node><node id="n1"/>
          <edge source="n0" target="n1"><data key="d2">0.5</data></edge>
        </graph></graphml>"""
    )

    assert graph.nodes == [Node("n0", "Node", "Ann", {"age": 30}), Node("n1", "Node", UNSET, {"age": 7})]
    assert graph.edges == [Edge("n0-RELATED_TO-n1", "RELATED_TO", "n0", "n1", {"weight": 0.5})]


def test_a_graph_of_neo4j_is_read() -> None:
    graph = read(
        """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
        <key id="labels" for="node" attr.name="labels"/><key id="name" for="node" attr.name="name"/>
        <key id="label" for="edge" attr.name="label"/>
        <graph id="G" edgedefault="directed">
        <node id="n0" labels=":Person:Author"><data key="labels">:Person:Author</data><data key="name">Ann</data></node>
        <edge id="e0" source="n0" target="n0" label="KNOWS"><data key="label">KNOWS</data></edge>
        </graph></graphml>"""
    )

    assert graph.nodes == [Node("n0", "Person", "Ann")]
    assert graph.edges == [Edge("e0", "KNOWS", "n0", "n0")]


def test_drawings_are_passed_over_and_groups_are_read_as_one() -> None:
    graph = read(
        """<graphml xmlns:y="http://www.yworks.com/xml/graphml"><key id="d0" for="node" yfiles.type="nodegraphics"/>
        <key id="d1" for="node" attr.name="key"/>
        <graph><node id="n0"><data key="d0"><y:ShapeNode><y:NodeLabel>Ann</y:NodeLabel></y:ShapeNode></data>
        <graph id="n0:"><node id="n0::n0"><data key="d1">Bob</data><port name="p"/></node></graph></node>
        <edge source="n0" target="n0::n0"/></graph></graphml>"""
    )

    assert graph.nodes == [Node("n0::n0", "Node", "Bob"), Node("n0", "Node")]
    assert [(each.source, each.target) for each in graph.edges] == [("n0", "n0::n0")]


def test_numbers_that_json_has_no_word_for_are_left_out() -> None:
    document = '<graphml><key id="d" for="node" attr.type="double"/>{}</graphml>'
    inside = "".join(f'<node id="{text}"><data key="d">{text}</data></node>' for text in ("NaN", "inf", "1e3"))

    assert [each.props for each in read(document.format(inside)).nodes] == [{}, {}, {"d": 1000.0}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_encoding_may_be_another(encoding: str) -> None:
    document = f"<?xml version='1.0' encoding='{encoding}'?><graphml><node id='Zürich'/></graphml>".encode(encoding)

    assert [each.id for each in read(document, 7).nodes] == ["Zürich"]


# What is sent to do harm, or is no GraphML.

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (f'<!DOCTYPE g [<!ENTITY l0 "lol">{LAUGHS}]><graphml><node id="&l9;"/></graphml>', "document type"),
        ('<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml><node id="&x;"/></graphml>', "document type"),
        ('<!DOCTYPE g SYSTEM "http://127.0.0.1:1/g.dtd"><graphml/>', "document type"),
        ('<!DOCTYPE g [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x">%p;]><graphml/>', "document type"),
        ("<graphml><node id='&x;'/></graphml>", "not XML"),
        ("", "not XML"),
        ("{}", "not XML"),
        ("<graphml>", "not XML"),
        ("<graphml><node id='a' id='b'/></graphml>", "not XML"),
        ("<graphml></graphml><graphml/>", "not XML"),
        ("<graphml>\x00</graphml>", "not XML"),
        ("<html/>", "not GraphML"),
        ("<graphml>" + "<desc>" * MOST_DEPTH, "at most 32 deep"),
        (wrapped("<hyperedge/>"), "hyperedge"),
        (wrapped("<node/>"), "`node` needs the attribute `id`"),
        (wrapped("<edge source='a'/>"), "`edge` needs the attribute `target`"),
        (wrapped("<node id='a'><data>1</data></node>"), "`data` needs the attribute `key`"),
        (wrapped("<node id='a'><data key='d'>1</data></node>"), "no key `d`"),
        (wrapped("<node id='a'/><node id='a'/>"), "two nodes with the id `a`"),
        (wrapped("<node id='json:&quot;'/>"), "not JSON"),
        ("<graphml><key for='node'/></graphml>", "`key` needs the attribute `id`"),
        ("<?xml version='1.0' encoding='no-such'?><graphml/>", "UTF-8"),
        ("<?xml version='1.0' encoding='utf-7'?><graphml/>", "UTF-8"),
        ("<?xml version='1.0' encoding='shift_jis'?><graphml/>", "UTF-8"),
    ],
)
def test_what_is_no_graphml_is_told_so(document: str, sentence: str) -> None:
    with pytest.raises(Invalid) as told:
        read(document)
    assert sentence in told.value.message


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("int", "1.5"),
        ("long", "9" * 19),
        ("long", "9" * 5_000),
        ("int", "\u0661"),
        ("int", ""),
        ("boolean", "yes"),
        ("double", "1,5"),
        ("colour", "red"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_told(type_: str, text: str) -> None:
    document = f'<graphml><key id="d" attr.type="{type_}"/><node id="a"><data key="d">{text}</data></node></graphml>'

    with pytest.raises(Invalid, match=rf"`{text[:80]}` is no {type_} \(key `d`\)"):
        read(document)


def test_json_in_a_value_is_bounded_in_depth() -> None:
    key = '<key xmlns:puntini="urn:puntini:graphml" id="d" puntini:type="json"/>'
    for deep in ("[" * 60 + "]" * 60, "[" * 100_000 + "]" * 100_000, "{"):
        with pytest.raises(Invalid):
            read(f'<graphml>{key}<node id="a"><data key="d">{deep}</data></node></graphml>')


@pytest.mark.parametrize(
    "document",
    [
        wrapped("".join(f"<node id='{number}'/>" for number in range(MOST_ELEMENTS + 1))),
        "<graphml>" + "".join(f"<key id='{number}'/>" for number in range(10_001)),
        "<graphml>" + "".join(f"<key id='{n}'><default>x</default></key>" for n in range(MOST_DEFAULTS + 1)),
        "<graphml><key id='d'><default>" + "x" * 1_001 + "</default></key></graphml>",
    ],
)
def test_too_much_of_anything_is_told(document: str) -> None:
    with pytest.raises(TooLarge):
        read(document, 16_384)


TAGS = """<graphml> </graphml> <graph> </graph> <node§id='a'> <node§id='b'/> </node> <edge§source='a'§target='b'/>
</key> <key§id='d'§attr.type='int'/> <key§id='d'§attr.name='key'> <default> </default> <data§key='d'> </data> 1 x &amp;
<!-- --> <![CDATA[ ]]> <?pi?>"""
pieces_of_graphml = st.sampled_from([tag.replace("§", " ") for tag in TAGS.split()])


@given(st.lists(pieces_of_graphml, max_size=14), st.integers(1, 40))
def test_whatever_comes_is_a_graph_or_refused(parts: list[str], size: int) -> None:
    try:
        graph = read("".join(["<graphml>", *parts]), size)
    except PuntiniError as error:
        assert error.status in {400, 413}  # noqa: PT017 - both outcomes are fine
    else:
        assert len({each.id for each in graph.nodes}) == len(graph.nodes)


def test_defaults_count_for_each_element_that_they_are_for() -> None:
    default = "[" + ",".join(["[]"] * 333) + "]"
    keys = "".join(
        f'<key id="k{number}" for="node" attr.name="p{number}" attr.type="string"><default>{default}</default></key>'
        for number in range(MOST_DEFAULTS)
    )
    nodes = "".join(f'<node id="{number}"/>' for number in range(3_000))

    with pytest.raises(TooLarge, match="defaults counted each time"):
        read(f"<graphml>{keys}<graph>{nodes}</graph></graphml>")
