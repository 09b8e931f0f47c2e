"""``puntini doctor``: looks at settings, store, machine and what is in front, and says what to do."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from puntini.settings import load

if TYPE_CHECKING:
    from puntini.doctor.findings import Finding

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A TOML file with settings.  [default: puntini.toml]",
)
@click.option("--store", default="", metavar="STORE", help="Look at this store, not at the one that is set.")
@click.option(
    "--url",
    default="",
    metavar="URL",
    help="Also follow a stream of a running server, as clients reach it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON, one a line.")
def doctor(config: Path | None, store: str, url: str, *, as_json: bool) -> int:
    """Look for what will bite: in the settings, the store, the limits of open files, and a proxy in front.

    Run it where the server is to run, with its settings. Each line is ok, warn or fail, and says what to do. The exit
    code is 1 when one fails.
    """
    import anyio

    from puntini.doctor import settings as about_settings
    from puntini.doctor import store as about_store
    from puntini.doctor import stream
    from puntini.doctor.place import this_place

    settings = load({"store": store} if store else {}, os.environ, Path.cwd(), config)
    place = this_place(os.environ)
    found = [*about_settings.findings(settings, place), *anyio.run(about_store.findings, settings, place)]
    if url:
        found += stream.findings(url)
    for finding in found:
        _show(finding, as_json=as_json)
    return 1 if any(finding.state == "fail" for finding in found) else 0


def _show(finding: "Finding", *, as_json: bool) -> None:
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(finding))
        return
    state = click.style(f"{finding.state:<5}", fg=COLOURS[finding.state])
    click.echo(f"{state} {finding.about}: {finding.said}")
