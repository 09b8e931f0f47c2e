"""``/v1/templates``: plans to begin from. Eight are built in, and everybody can add their own."""

from hashlib import sha256
from typing import Annotated, Any, Literal, get_args

import anyio.to_thread
import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from puntini.api.chat import names_of
from puntini.api.desk import Desk
from puntini.api.etags import KNOWN
from puntini.api.http import (
    ONCE,
    PAGED,
    Body,
    Door,
    Json,
    Listed,
    Words,
    idempotency_key,
    page_bounds,
    read,
    resource,
    user_of,
)
from puntini.api.repeats import named
from puntini.api.template_search import folded, ranked, sheet_of
from puntini.api.template_shelf import TemplateRow, TemplateShelf, builtin
from puntini.api.template_starts import TemplateStarts, Wanted
from puntini.auth.guard import principal_of
from puntini.auth.rights import READ, WRITE
from puntini.errors import Invalid, NotFound
from puntini.log.contract import Store, TaskRow
from puntini.log.mint import new_id, timestamp
from puntini.log.templates import Description, Difficulty, Tags, Tasks, Template, TemplateTask, Title, problem_of
from puntini.protocol.commands import Name, Priority, Steps
from puntini.protocol.entries import encode
from puntini.protocol.events import TaskStatus
from puntini.protocol.mistakes import suggestion

Kind = Literal["built_in", "created"]
TagList = Annotated[str, Meta(description="only templates with this tag; several, with commas between them: with all")]


class NewTemplate(Body, frozen=True):
    """``POST /v1/templates``."""

    title: Title
    tasks: Tasks
    description: Description = ""
    difficulty: Difficulty = "medium"
    tags: Tags = msgspec.field(default_factory=list)


class TemplateChanges(Body, frozen=True):
    """``PATCH /v1/templates/{id}``: what is given takes the place of what was there."""

    title: Title | UnsetType = UNSET
    tasks: Tasks | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    difficulty: Difficulty | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET


class StartBody(Body, frozen=True):
    """``POST /v1/templates/{id}/tasks``. Without ``run`` there is a session with plan and graph, and no task."""

    title: Annotated[str, Meta(max_length=200)] = ""
    agent: Name = ""
    max_steps: Steps = 50
    priority: Priority = 0
    run: bool = True


class TemplateInfo(Struct, frozen=True, kw_only=True):
    """A template as lists show it. The built-in ones have no owner, and no times."""

    template_id: str
    kind: Kind
    owner: str
    title: str
    description: str
    difficulty: Difficulty
    tags: list[str]
    task_count: int
    hours: float
    created_at: str | None
    updated_at: str | None


class WholeTemplate(TemplateInfo, frozen=True, kw_only=True):
    """A template with its tasks."""

    tasks: list[TemplateTask]


class Started(Struct, frozen=True):
    """What was begun. Without a task, ``task_id`` and ``status`` are null."""

    session_id: str
    task_id: str | None
    status: TaskStatus | None
    template_id: str
    plan: list[str]
    nodes: int
    edges: int
    cursor: str


class Templates:
    """The routes."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._shelf = TemplateShelf(store)
        self._starts = TemplateStarts(store, desk)

    def routes(self) -> list[BaseRoute]:
        """What this resource answers."""
        begun = Door(
            WRITE,
            self.start,
            takes=StartBody,
            gives=Started,
            status=202,
            answers={201: Started},
            headers=ONCE,
            name="startTemplate",
        )
        which = {**PAGED, "q": Words, "tag": TagList, "difficulty": Difficulty}
        return [
            resource(
                "/v1/templates",
                get=Door(READ, self.list, which, gives=Listed[TemplateInfo]),
                post=Door(WRITE, self.create, takes=NewTemplate, gives=WholeTemplate, status=201, headers=ONCE),
            ),
            resource(
                "/v1/templates/{template_id}",
                get=Door(READ, self.get, gives=WholeTemplate, **KNOWN),
                patch=Door(WRITE, self.change, takes=TemplateChanges, gives=WholeTemplate),
                delete=Door(WRITE, self.delete, status=204),
            ),
            resource("/v1/templates/{template_id}/tasks", post=begun),
        ]

    async def list(self, request: Request) -> Response:
        """The built-in ones by title, then one's own, the newest first; with ``q`` those that match it best first."""
        limit, offset = page_bounds(request)
        difficulty, tags = _difficulty(request), _tags(request)
        rows = [
            row
            for row in [*builtin().values(), *await self._shelf.own(user_of(request))]
            if difficulty in {"", row.template.difficulty} and tags <= {folded(tag) for tag in row.template.tags}
        ]
        if (query := request.query_params.get("q", "")).strip():
            # A hundred long templates take a while to read, and others shall go on.
            rows = await anyio.to_thread.run_sync(_found, rows, query)
        return Json(Listed([TemplateInfo(**_shown(row)) for row in rows[offset : offset + limit]], len(rows)))

    async def get(self, request: Request) -> Response:
        """One template. Who shows the ``ETag`` of what it still is, in ``If-None-Match``, is told just that."""
        row = await self._shelf.get(request.path_params["template_id"], principal_of(request.scope))
        whole = _whole(row)
        tag = f'"{sha256(encode(whole)).hexdigest()[:24]}"'
        headers = {"etag": tag, "cache-control": "private, no-cache"}
        if _has(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        return Json(whole, headers=headers)

    async def create(self, request: Request) -> Response:
        """A new template of one's own. ``Idempotency-Key`` makes a retry safe."""
        template = _checked(Template(**msgspec.structs.asdict(await read(request, NewTemplate))))
        user, key = user_of(request), idempotency_key(request.headers.get("idempotency-key", ""))
        row = await self._shelf.add(_id_of(user, key) if key else new_id("tpl"), template, user)
        return Json(_whole(row), status_code=201, headers={"location": f"/v1/templates/{row.template_id}"})

    async def change(self, request: Request) -> Response:
        """Change one of one's own. What was begun from it stays as it is."""
        given = msgspec.structs.asdict(await read(request, TemplateChanges))
        changes = {name: value for name, value in given.items() if value is not UNSET}
        who = principal_of(request.scope)
        row = await self._shelf.change(
            request.path_params["template_id"], who, lambda template: _checked(replace(template, **changes))
        )
        return Json(_whole(row))

    async def delete(self, request: Request) -> Response:
        """Remove one of one's own; an admin may remove anybody's."""
        await self._shelf.remove(request.path_params["template_id"], principal_of(request.scope))
        return Response(status_code=204)

    async def start(self, request: Request) -> Response:
        """Begin: a session with the template's plan and graph, and a task in it. ``Idempotency-Key`` as ever."""
        body = await read(request, StartBody)
        template_id, who = request.path_params["template_id"], principal_of(request.scope)
        once = named(
            "template", f"{who.user} {template_id}", idempotency_key(request.headers.get("idempotency-key", ""))
        )

        async def fetch() -> Template:
            return (await self._shelf.get(template_id, who)).template

        wanted = Wanted(**msgspec.structs.asdict(body))
        done = await self._starts.start(fetch, wanted, who, once)
        begun, task = await self._starts.begun(done), await self._task(done.task_id)
        answer = Started(
            session_id=done.session_id,
            task_id=task.task_id if task else None,
            status=task.status if task else None,
            template_id=template_id,
            plan=begun.plan,
            nodes=begun.nodes,
            edges=begun.edges,
            cursor=f"{self._store.epoch}.{done.last}",
        )
        if task is None:
            names = {"location": f"/v1/sessions/{done.session_id}", "puntini-session": done.session_id}
            return Json(answer, status_code=201, headers=names)
        return Json(answer, status_code=202, headers=names_of(task))

    async def _task(self, task_id: str) -> TaskRow | None:
        """The task that was begun, if one was. Raises NotFound when it is gone."""
        if not task_id:
            return None
        row = await self._store.task(task_id)
        if row is None:
            raise NotFound("The task of that request is gone.")
        return row


def _found(rows: list[TemplateRow], query: str) -> list[TemplateRow]:
    return [rows[at] for at in ranked([sheet_of(row.template) for row in rows], query)]


def _difficulty(request: Request) -> str:
    """The difficulty that is asked for; "" for any. Raises Invalid."""
    wanted = request.query_params.get("difficulty", "").lower()
    known = get_args(Difficulty)
    if wanted and wanted not in known:
        raise Invalid(f"difficulty: there is none like this; {suggestion(wanted, known)}", path="difficulty")
    return wanted


def _tags(request: Request) -> set[str]:
    """The tags that a template must have all."""
    return {folded(tag.strip()) for tag in request.query_params.get("tag", "").split(",") if tag.strip()}


def _checked(template: Template) -> Template:
    """The same. Raises Invalid for one that can't be begun from."""
    if problem := problem_of(template):
        path, message = problem
        raise Invalid(f"{path}: {message}" if path else message, path=path)
    return template


def _has(header: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag; by weak comparison (RFC 9110, 13.1.2)."""
    named_tags = {each.strip().removeprefix("W/") for each in header.split(",")}
    return "*" in named_tags or tag in named_tags


def _id_of(user: str, key: str) -> str:
    """The template that a key stands for: the same for a repeat, and nobody else's."""
    whose = f"{user}\0{key}".encode()
    return f"tpl_{sha256(whose).hexdigest()[:24]}"


def _whole(row: TemplateRow) -> WholeTemplate:
    return WholeTemplate(**_shown(row), tasks=row.template.tasks)


def _shown(row: TemplateRow) -> dict[str, Any]:
    template = row.template
    return {
        "template_id": row.template_id,
        "kind": row.kind,
        "owner": row.owner,
        "title": template.title,
        "description": template.description,
        "difficulty": template.difficulty,
        "tags": template.tags,
        "task_count": len(template.tasks),
        "hours": template.hours,
        "created_at": timestamp(row.created_at) if row.owner else None,
        "updated_at": timestamp(row.updated_at) if row.owner else None,
    }
