"""``puntini store``: looking after what a server keeps its log in, a file or a database."""

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from puntini.errors import Misconfigured
from puntini.settings import DATABASES, PREFIX, load, shown

if TYPE_CHECKING:
    from puntini.store.soundness import Figures

FAILED = 1
TELL_SECONDS = 1.0

store_option = click.option(
    "--store",
    default=None,
    metavar="STORE",
    help=f"The store, a file or postgresql://…, if not the one that is set.  [{PREFIX}STORE]",
)


def store_url(named: str | None) -> str:
    """The store that is meant; of a database behind a pooler, its own address. Raises Misconfigured."""
    url = named or _set()
    if is_database(url):
        from puntini.store.open import require_driver

        require_driver()
    return url


def _set() -> str:
    settings = load({}, os.environ, Path.cwd())
    return settings.store_direct if is_database(settings.store) and settings.store_direct else settings.store


def is_database(url: str) -> bool:
    """Whether a store is a Postgres database."""
    return url.startswith(DATABASES)


def store_file(url: str, *, how: str = "with --store") -> Path:
    """The file of a store that is none of Postgres's. Raises Misconfigured when it has none."""
    if url == "memory:" or "://" in url.replace("sqlite://", "", 1):
        raise Misconfigured(f"The store {shown(url)} is no SQLite file; name one {how}.")
    return Path(url.removeprefix("sqlite://"))


def store_place(named: str | None) -> str | Path:
    """The store that is meant: a database's address, or a file."""
    url = store_url(named)
    return url if is_database(url) else store_file(url)


def _database(named: str | None, *, how: str = "with --store postgresql://…") -> str:
    """The database that is meant. Raises Misconfigured."""
    url = store_url(named)
    if not is_database(url):
        raise Misconfigured(f"The store {url} is no Postgres database; name one {how}.")
    return url


@click.group()
def store() -> None:
    """Look after the file, or the database, that a server keeps its log in."""


@store.command("check")
@store_option
def store_check(store: str | None) -> int:
    """Say whether a store is sound, and what is wrong with it. A server may be running."""
    url = store_url(store)
    found = _faults(url)
    for fault in found:
        click.echo(fault)
    if found:  # how much is in a damaged store can't be told for certain
        click.echo(f"{_name(url)} has {_counted(len(found), 'fault')}.")
        return FAILED
    click.echo(f"{_name(url)} is sound: {_holds(_figures(url))}.")
    return 0


def _faults(url: str) -> list[str]:
    from puntini.views.session import SessionView

    if is_database(url):
        from puntini.store.postgres import admin

        return admin.check(url, SessionView.decode)
    from puntini.store.sqlite import admin as files

    return files.check(store_file(url), decode_snapshot=SessionView.decode)


def _figures(url: str) -> "Figures":
    if is_database(url):
        from puntini.store.postgres import admin

        return admin.figures(url)
    from puntini.store.sqlite import admin as files

    return files.figures(store_file(url))


def _name(url: str) -> str:
    return shown(url) if is_database(url) else str(store_file(url))


@store.command("backup")
@click.argument("to", type=click.Path(path_type=Path))
@store_option
def store_backup(to: Path, store: str | None) -> None:
    """Copy a store's file to a new one. A server may be running; the copy is as the store is at one moment.

    A database is backed up by Postgres's own tools.
    """
    from puntini.store.sqlite import admin

    url = store_url(store)
    if is_database(url):
        raise Misconfigured(
            f"A database is backed up by Postgres's own tools, while servers run: `pg_dump --format=custom --file={to} "
            f"{shown(url)}`; see docs/postgres.md."
        )
    click.echo(f"{to} holds {_holds(admin.backup(store_file(url), to))}.")


@store.command("new-epoch")
@store_option
def store_new_epoch(store: str | None) -> None:
    """Begin a new epoch, in which no older id is valid.

    For a store that was put back in an earlier state by other means than `store backup`. Readers that come with
    an older id are told of a gap, and get a fresh snapshot. No server may be running.
    """
    url = store_url(store)
    click.echo(f"{_name(url)}: the epoch is {_new_epoch(url)} now.")


def _new_epoch(url: str) -> str:
    if is_database(url):
        import anyio

        from puntini.store.postgres import admin

        return anyio.run(admin.new_epoch, url)
    from puntini.store.sqlite import admin as files

    return files.new_epoch(store_file(url))


@store.command("migrate")
@click.option("--dry-run", is_flag=True, help="Say which steps are missing, and take none.")
@store_option
def store_migrate(store: str | None, *, dry_run: bool) -> None:
    """Bring a database's schema up to what this version needs, all of it or nothing.

    Servers may be running: those of one version back go on working. A file needs none of this.
    """
    import anyio

    url = _database(store)
    from puntini.store.postgres import admin

    found = anyio.run(partial(admin.brought_up, url, look=dry_run))
    for step in found:
        click.echo(f"{'Missing' if dry_run else 'Taken'}: step {step.number}, {step.name}.")
    if not found:
        click.echo(f"{shown(url)} has the schema that this version needs.")


@store.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("to", metavar="TO")
def store_copy(source: str, to: str) -> None:
    """Copy everything in the file FROM to the empty database TO, all of it or nothing.

    Ids stay good: the copy goes on with the epoch. No server may be using either. What was copied is compared at the
    end. A server that is started with FROM afterwards begins a new epoch.
    """
    import anyio

    if is_database(source):
        raise Misconfigured("A database is copied by Postgres's own tools: `pg_dump` and `pg_restore`.")
    url = _database(to, how="as TO, postgresql://USER:PASSWORD@HOST/DATABASE")
    from puntini.store import copying
    from puntini.store.postgres import admin
    from puntini.store.sqlite.source import source as held

    admin.unused(url)
    began = time.monotonic()
    with held(store_file(source, how="as FROM")) as opened:
        sums = anyio.run(copying.copy, opened, url, _Progress())
    rows = sum(each.rows for each in sums.values())
    click.echo(
        f"{shown(url)} holds what {source} did: {_holds(admin.figures(url))}. "
        f"{_counted(rows, 'row')} in {time.monotonic() - began:.1f} s."
    )
    click.echo(f"Ids stay good there. A server that is started with {source} again begins a new epoch, without them.")


class _Progress:
    """Says now and then how far it is, to whoever looks on."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, table: str, rows: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said_at >= TELL_SECONDS:
            self._said_at = now
            click.echo(f"{table}: {rows:,} of {total:,}", err=True)


def _holds(found: "Figures") -> str:
    parts = ((found.sessions, "session"), (found.events, "event"), (found.bytes, "byte"))
    return ", ".join(_counted(number, word) for number, word in parts)


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
