import anyio
import pytest

from puntini.errors import Invalid, TooLarge, TooSlow
from puntini.transport.asgi import BodyDeadline, Message, Receive, Scope, Send, read_body
from tests.transport.serving import serving

pytestmark = pytest.mark.anyio


def receiving(*messages: Message) -> Receive:
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    return receive


def part(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_put_together_from_its_parts() -> None:
    assert await read_body(receiving(part(b"a", more=True), part(b"", more=True), part(b"b"))) == b"ab"


async def test_a_body_above_the_limit_is_refused_before_it_is_all_there() -> None:
    with pytest.raises(TooLarge):
        await read_body(receiving(part(b"abc", more=True)), limit=2)


async def test_a_body_at_the_limit_is_taken() -> None:
    assert await read_body(receiving(part(b"ab")), limit=2) == b"ab"


async def test_a_client_that_leaves_in_the_middle_has_sent_nothing() -> None:
    with pytest.raises(Invalid):
        await read_body(receiving(part(b"a", more=True), {"type": "http.disconnect"}))


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/chat", "/v1/sessions/{session}/commands"])
@pytest.mark.parametrize("begun", [b"", b'{"prompt":'])
async def test_a_body_that_does_not_arrive_in_time_is_answered_408(path: str, begun: bytes) -> None:
    async with serving(body_seconds=0.05) as server:
        session = await server.session()
        async with server.request("POST", path.format(session=session), body=None) as late:
            if begun:
                late.put(part(begun, more=True))
            await late.end()

    assert (late.status, late.json()["code"]) == (408, "too_slow")
    assert late.headers["connection"] == "close"


async def test_the_deadline_is_for_the_whole_body_and_not_for_each_part() -> None:
    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        for _ in range(1_000):
            await receive()

    async def trickle() -> Message:
        await anyio.sleep(0.02)
        return part(b".", more=True)

    with pytest.raises(TooSlow):
        await BodyDeadline(app, 0.1)({"type": "http", "method": "POST"}, trickle, _nowhere)


async def test_a_response_may_take_longer_than_the_body_had_time() -> None:
    async with serving(body_seconds=0.05) as server:
        prompt = b'{"prompt":"play 3 events every 60 ms"}'
        chat = await server.answer("POST", "/v1/chat", body=prompt)

    assert (chat.status, chat.names()[-1]) == (200, "task_completed")


async def _nowhere(_message: Message) -> None:
    """What is sent is not looked at."""
