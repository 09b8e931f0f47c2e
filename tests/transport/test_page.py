import pytest

from tests.transport.serving import Server, remark, serving, stream_of, thought, thoughts
from tests.transport.wire import Exchange

pytestmark = pytest.mark.anyio

JSON = {"Accept": "application/json"}


async def page(server: Server, session: str, query: str) -> Exchange:
    return await server.answer("GET", stream_of(session, query), JSON)


def seqs(response: Exchange) -> list[int]:
    return [int(event["id"].partition(".")[2]) for event in response.json()["events"] if "id" in event]


def types(response: Exchange) -> list[str]:
    return [event["type"] for event in response.json()["events"]]


async def test_a_page_holds_what_comes_after_the_cursor(server: Server) -> None:
    session = await server.session(*thoughts(3))

    response = await page(server, session, "after=1")

    assert seqs(response) == [2, 3]
    assert (response.json()["next"], response.json()["live"]) == (f"{server.epoch}.3", True)
    assert response.headers["content-length"] == str(len(response.body))
    assert all(event["session_id"] == session for event in response.json()["events"])


async def test_pages_follow_each_other_without_a_hole(server: Server) -> None:
    session = await server.session(*(thought("." * 10_000) for _ in range(25)))
    found, after, live = [], "earliest", False

    while not live:
        response = await page(server, session, f"after={after}&limit=4")
        found += seqs(response)
        after, live = response.json()["next"], response.json()["live"]
        assert len(seqs(response)) <= 4

    assert found == list(range(1, 26))


async def test_a_page_without_a_cursor_is_a_snapshot(server: Server) -> None:
    session = await server.session(*thoughts(3))

    response = await page(server, session, "")

    assert types(response) == ["session_ready"]
    assert response.json()["next"] == f"{server.epoch}.3"


async def test_a_cursor_that_cannot_be_honoured_is_a_gap_and_a_snapshot(server: Server) -> None:
    session = await server.session(*thoughts(3))

    response = await page(server, session, "after=nonsense&wait=30")

    assert types(response) == ["gap", "session_ready"]


async def test_a_filtered_page_moves_past_what_it_leaves_out(server: Server) -> None:
    session = await server.session(thought(), remark("info"), thought())

    response = await page(server, session, "after=0&events=debug")

    assert (seqs(response), response.json()["next"]) == ([2], f"{server.epoch}.3")


async def test_without_news_a_page_is_empty_at_once(server: Server) -> None:
    session = await server.session(*thoughts(2))

    response = await page(server, session, "after=2")

    assert response.json() == {"events": [], "next": f"{server.epoch}.2", "live": True, "ended": False}


async def test_a_long_poll_is_woken_by_an_append(server: Server) -> None:
    session = await server.session(*thoughts(2))

    async with server.get(stream_of(session, "after=2&wait=60"), JSON) as response:
        await server.until_open(1)
        await server.say(session, thought())
        await response.end()

    assert seqs(response) == [3]


async def test_a_long_poll_is_not_woken_by_what_it_does_not_want(server: Server) -> None:
    session = await server.session()

    async with server.get(stream_of(session, "after=0&wait=60&events=debug"), JSON) as response:
        await server.until_open(1)
        await server.say(session, thought())
        await server.say(session, remark("info"))
        await response.end()

    assert seqs(response) == [2]


async def test_a_long_poll_ends_empty_when_its_time_is_up(server: Server) -> None:
    session = await server.session(*thoughts(2))

    response = await page(server, session, "after=2&wait=0.05")

    assert response.json() == {"events": [], "next": f"{server.epoch}.2", "live": True, "ended": False}


@pytest.mark.parametrize("line", [True, False])
async def test_a_long_poll_ends_when_its_client_leaves(server: Server, line: bool) -> None:
    session = await server.session()

    async with server.get(stream_of(session, "after=0&wait=60"), JSON, line=line) as response:
        await server.until_open(1)
        response.leave()
        await response.end()

    assert server.open_connections == 0


@pytest.mark.parametrize("line", [True, False])
async def test_a_long_poll_of_a_session_that_is_deleted_is_404(server: Server, line: bool) -> None:
    session = await server.session()

    async with server.get(stream_of(session, "after=0&wait=60"), JSON, line=line) as response:
        await server.until_open(1)
        await server.answer("DELETE", f"/v1/sessions/{session}")
        await response.end()

    assert response.status == 404


@pytest.mark.not_on_postgres("the poll is answered before a trim of the database is done")
async def test_a_long_poll_that_retention_overtakes_is_a_gap_and_a_snapshot(server: Server) -> None:
    session = await server.session()

    async with server.get(stream_of(session, "after=0&wait=60"), JSON) as response:
        await server.until_open(1)
        await server.say(session, *thoughts(3))
        await server.trim(session, 2)
        await response.end()

    assert types(response) == ["gap", "session_ready"]
    assert response.json()["next"] == f"{server.epoch}.3"


async def test_a_long_poll_ends_with_the_drain(server: Server) -> None:
    session = await server.session()

    async with server.get(stream_of(session, "after=0&wait=60"), JSON) as response:
        await server.until_open(1)
        await server.parts.connections.drain(5)
        await response.end()

    assert (response.status, response.json()["events"]) == (200, [])


async def test_a_closed_session_has_no_news_to_wait_for(server: Server) -> None:
    session = await server.session()
    await server.close(session)

    response = await page(server, session, "after=1&wait=60")

    assert response.json()["events"] == []


@pytest.mark.parametrize("limit", ["0", "0.5", "-1", "1e9", "NaN"])
async def test_a_limit_that_is_no_whole_number_is_400_and_named(server: Server, limit: str) -> None:
    session = await server.session()

    response = await page(server, session, f"limit={limit}")

    assert response.status == 400
    assert response.json()["errors"][0]["path"] == "limit"


async def test_a_page_counts_as_an_open_stream() -> None:
    async with serving(max_streams=1) as server:
        session = await server.session()
        async with server.get(stream_of(session, "after=0&wait=60"), JSON):
            await server.until_open(1)

            assert (await page(server, session, "after=0")).status == 429
