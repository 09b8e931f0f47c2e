"""``POST /v1/chat``: a prompt in, that task's stream out. A repeat resumes; it never starts a second task."""

from typing import Annotated

from msgspec import Meta, Struct
from starlette.routing import BaseRoute

from puntini.api.desk import Desk
from puntini.api.http import ONCE, Address, Body, Door, idempotency_key
from puntini.api.records import new_session
from puntini.api.repeats import named
from puntini.api.resume import newest_task, task_of
from puntini.auth.guard import principal_of
from puntini.auth.principals import Principal
from puntini.auth.rights import WRITE
from puntini.errors import Forbidden, Invalid, NotFound, PuntiniError
from puntini.log.contract import Once, SessionRow, Store, TaskRow, Written
from puntini.protocol.commands import PROMPT_LIMIT, IfBusy, Name, Priority, Steps, UserPromptCommandData
from puntini.protocol.decode import decode
from puntini.protocol.entries import encode
from puntini.protocol.select import select
from puntini.transport.asgi import Receive, Scope, Send, answer, answer_problem, header, read_body
from puntini.transport.negotiate import Form, choose
from puntini.transport.request import StreamRequest, sees_debug
from puntini.transport.streams import Streams

TITLE_LENGTH = 80


class ChatBody(Body, frozen=True):
    """``prompt`` may be left out when ``Last-Event-ID`` names where to go on in ``session_id``."""

    prompt: Annotated[str, Meta(max_length=PROMPT_LIMIT)] = ""
    session_id: Name = ""
    agent: Name = ""
    max_steps: Steps = 50
    if_busy: IfBusy = "enqueue"
    priority: Priority = 0


class ChatResult(Struct, frozen=True, omit_defaults=True):
    """The whole answer, for ``Accept: application/json``."""

    task_id: str
    session_id: str
    status: str
    success: bool
    final_answer: str
    cursor: str
    error: str = ""


CHAT = Door(
    WRITE,
    takes=ChatBody,
    gives=ChatResult,
    headers=(*ONCE, "Last-Event-ID"),
    gives_also=("text/event-stream", "application/x-ndjson"),
    answers={204: None},
)


class Chat:
    """A prompt in, that task's stream out. A repeat resumes it; it never starts a second task.

    The answer is a stream of Server-Sent Events, or NDJSON, or with ``Accept: application/json`` one object when the
    task has ended. With ``Last-Event-ID`` and ``session_id`` the stream goes on where it was left.
    """

    def __init__(self, streams: Streams, store: Store, desk: Desk) -> None:
        self._streams = streams
        self._store = store
        self._desk = desk

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        return [Address("/v1/chat", self, {"POST": CHAT})]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            await self._chat(scope, receive, send)
        except PuntiniError as error:
            if isinstance(error, Forbidden):
                scope["state"]["guard"].refused(scope)
            await answer_problem(scope, send, error)

    async def _chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = decode(await read_body(receive) or b"{}", ChatBody)
        who = principal_of(scope)
        once = named("chat", who.user, idempotency_key(header(scope, b"idempotency-key")))
        await self.respond(scope, receive, send, body, who, once=once)

    async def respond(
        self, scope: Scope, receive: Receive, send: Send, body: ChatBody, who: Principal, *, once: Once | None
    ) -> None:
        """Answer with the stream of the task that is asked for. Raises PuntiniError before the response has begun."""
        form = choose(header(scope, b"accept"))
        last_id = header(scope, b"last-event-id")
        if last_id and not (once and await self._store.outcome(once)):
            task, after = await self._by_event(body.session_id, last_id, form, who), last_id
        else:
            task, begins = await self.task(body, who, once=once)
            after = last_id or begins
        scope["state"]["role"] = await self._desk.standing(task.session_id, who)
        headers = [(name.encode(), value.encode()) for name, value in names_of(task).items()]
        selection = select(None, None, task.task_id, debug=sees_debug(scope))
        request = StreamRequest(session_id=task.session_id, selection=selection, after=after or None)
        if form == "page":
            await self._whole(scope, receive, send, task, headers)
            return
        await self._streams.respond(scope, receive, send, request, form=form, task=task, headers=headers)

    async def task(self, body: ChatBody, who: Principal, *, once: Once | None) -> tuple[TaskRow, str]:
        """The task that is asked for: that of its key, a new one, or with ``steer`` the one that hears it.

        Of one that heard it, also the id after which it did. Raises PuntiniError.
        """
        data = UserPromptCommandData(
            prompt=body.prompt,
            agent=body.agent,
            max_steps=body.max_steps,
            if_busy=body.if_busy,
            priority=body.priority,
        )
        written = await self._begin(body, data, once, who)
        row = await self._known(written.task_id)
        if written.repeated:  # its session may be another than the one that is named, and not theirs any more
            await self._desk.standing(row.session_id, who)
        return row, "" if written.first <= row.first_seq else f"{self._store.epoch}.{written.first - 1}"

    async def _begin(self, body: ChatBody, data: UserPromptCommandData, once: Once | None, who: Principal) -> Written:
        create: SessionRow | None = None
        if not body.session_id:
            title = " ".join(body.prompt.split())[:TITLE_LENGTH]
            create = new_session(body.agent or self._desk.default_agent, user=who.user, title=title)
        session_id = create.session_id if create else body.session_id
        try:
            return await self._desk.prompt(session_id, data, who, once=once, create=create)
        except Invalid as error:
            # The desk names a command's fields; here they stand in the body itself.
            raise Invalid(error.message.removeprefix("data."), path=error.path.removeprefix("data.")) from None

    async def _known(self, task_id: str) -> TaskRow:
        task = await self._store.task(task_id)
        if task is None:
            raise NotFound("The task of that request is gone.")
        return task

    async def _by_event(self, session_id: str, last_id: str, form: Form, who: Principal) -> TaskRow:
        """The task that an event belongs to. Where the id can't tell, a stream can: by its ``gap``; an object can't."""
        if not session_id:
            raise Invalid("session_id: name the session that `Last-Event-ID` belongs to", path="session_id")
        await self._desk.admit(session_id, who)
        task = await task_of(self._store, session_id, last_id)
        if task is None and form != "page":
            task = await newest_task(self._store, session_id)
        if task is None:
            raise NotFound("No task of that session goes on from that `Last-Event-ID`.", path="Last-Event-ID")
        return task

    async def _whole(
        self, scope: Scope, receive: Receive, send: Send, task: TaskRow, headers: list[tuple[bytes, bytes]]
    ) -> None:
        """Wait for the end and answer with one JSON object."""
        result = await self._streams.result(scope, receive, task)
        if result is None:
            return
        ended = await self._known(task.task_id)
        body = ChatResult(
            task_id=task.task_id,
            session_id=task.session_id,
            status=ended.status,
            success=ended.status == "completed",
            final_answer=result.final_answer,
            cursor=f"{self._store.epoch}.{ended.last_seq}",
            error=result.error,
        )
        await answer(send, 200, encode(body) + b"\n", b"application/json", headers)


def names_of(task: TaskRow) -> dict[str, str]:
    """The headers that name a task that was made, and its session."""
    return {
        "location": f"/v1/tasks/{task.task_id}",
        "puntini-session": task.session_id,
        "puntini-task": task.task_id,
    }
