"""``puntini user``: accounts, made and changed in a store, also beside the servers that use it."""

import sys
import time
from collections.abc import Awaitable, Callable
from getpass import getuser
from typing import TYPE_CHECKING, TypeVar, get_args

import click

from puntini.auth.principals import Role
from puntini.cli_store import store_option, store_place
from puntini.errors import Invalid, Misconfigured

if TYPE_CHECKING:
    from puntini.auth.users import User, Users

T = TypeVar("T")
stdin_option = click.option("--password-stdin", is_flag=True, help="Read the password from the input, its first line.")
_name = click.argument("name")


@click.group()
def user() -> None:
    """Make accounts and change them, in the store that a server keeps its log in. The server may be running."""


@user.command("add")
@_name
@click.option("--admin", is_flag=True, help="Make an admin. The first account is one in any case.")
@stdin_option
@store_option
def user_add(name: str, *, admin: bool, password_stdin: bool, store: str | None) -> None:
    """Make an account. The password is asked for twice."""
    from puntini.auth.passwords import check, hash_of
    from puntini.auth.users import User, Users, checked_name

    plain = _valid(lambda: checked_name(name))

    async def work(users: Users) -> User:
        first = not await users.exist()
        made = User(
            name=plain,
            role="admin" if admin or first else "user",
            password=hash_of(password),
            created_at=time.time_ns() // 1_000_000,
        )
        await users.add(made)
        return made

    password = asked_password(typed=password_stdin)
    _valid(lambda: check(password, plain))
    made = _changed(store, work, "registered", make=True)
    click.echo(f"{made.name} can log in now, as {'an admin' if made.role == 'admin' else 'a user'}.")


@user.command("list")
@store_option
def user_list(store: str | None) -> None:
    """List the accounts: name, role, whether it is disabled, the last log-in."""
    import anyio

    from puntini.auth.users import Users
    from puntini.log.mint import timestamp
    from puntini.store.open import open_ledger

    async def listed() -> "list[User]":
        async with open_ledger(store_place(store)) as opened:
            return await Users(opened).list()

    for each in anyio.run(listed):
        state = "disabled" if each.disabled else "enabled"
        last = "never" if each.last_login_at is None else timestamp(each.last_login_at)
        click.echo(f"{each.name}\t{each.role}\t{state}\t{last}")


@user.command("disable")
@_name
@store_option
def user_disable(name: str, store: str | None) -> None:
    """Let a user in no more: whatever they are logged in by ends."""
    _change(store, name, "is disabled", disabled=True)


@user.command("enable")
@_name
@store_option
def user_enable(name: str, store: str | None) -> None:
    """Let a user in again."""
    _change(store, name, "is enabled", disabled=False)


@user.command("role")
@_name
@click.argument("role", type=click.Choice(get_args(Role)))
@store_option
def user_role(name: str, role: Role, store: str | None) -> None:
    """Make a user an admin, or an admin a user."""
    _change(store, name, f"is {'an admin' if role == 'admin' else 'a user'} now", role=role)


@user.command("password")
@_name
@stdin_option
@store_option
def user_password(name: str, *, password_stdin: bool, store: str | None) -> None:
    """Give a user another password, asked for twice: whatever they are logged in by ends."""
    from puntini.auth.passwords import check, hash_of

    password = asked_password(typed=password_stdin)
    _valid(lambda: check(password, name.lower()))
    _change(store, name, "has another password now", password=hash_of(password))


def _change(store: str | None, name: str, outcome: str, **fields: object) -> None:
    from puntini.auth.users import User, Users

    async def work(users: Users) -> User:
        return await users.change(name.lower(), **fields)

    changed = _changed(store, work, f"user_{next(iter(fields))}", end_log_ins="role" not in fields)
    click.echo(f"{changed.name} {outcome}.")


def _changed(
    store: str | None,
    work: "Callable[[Users], Awaitable[User]]",
    what: str,
    *,
    make: bool = False,
    end_log_ins: bool = False,
) -> "User":
    """Do something to the accounts, write it down, and tell the server that may be running. Raises Misconfigured."""
    import anyio

    from puntini.auth.audit import Audit
    from puntini.auth.families import Families
    from puntini.auth.revision import Revision
    from puntini.auth.users import Users
    from puntini.store.open import open_ledger

    async def all_of_it() -> "User":
        async with open_ledger(store_place(store), make=make) as opened:
            done = await work(Users(opened))
            if end_log_ins:
                await Families(opened, 0, time.time).end_all(done.name)
            await Revision(opened).bump()
            audit = Audit(opened, days=0)
            audit.note(_at_this_terminal(), what, of=done.name)
            await audit.flush(last=True)
            return done

    return anyio.run(all_of_it)


def _at_this_terminal() -> dict[str, object]:
    """Who does it, as the audit log names requests: somebody of this machine, who needs no account."""
    from puntini.auth.principals import Principal

    return {"state": {"principal": Principal("", credential=f"terminal:{getuser()}")}}


def _valid(made: Callable[[], T]) -> T:
    """What is made of the command line. Raises Misconfigured where it can't be."""
    try:
        return made()
    except Invalid as error:
        sentence = error.message.partition(": ")[2]
        raise Misconfigured(f"{sentence[0].upper()}{sentence[1:]}.") from None


def asked_password(*, typed: bool, again: str | None = "Again") -> str:
    """The password, from the input or from whoever sits at the terminal, asked for ``again``. Raises Misconfigured."""
    if typed:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Misconfigured(
            "There is no terminal to ask for the password at; write it to the input, with --password-stdin."
        )
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=again or False, err=True))
