"""`flask demo`: make the demonstration firm's files, load it into an empty portal, empty it again, print how to sign in."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
from flask import current_app
from flask_migrate import upgrade

from models.identity import Role
from portal import clock
from portal.cli.progress import progress
from portal.cli.refusing import RefusingGroup
from portal.demo.firm import SignIn, invented_sign_ins, make
from portal.demo.load import Load, check_empty, sign_in_table, steps
from portal.demo.wipe import HALF, begin_anew, move_aside, standing
from portal.keys import keyring
from portal.refusals import Refusal

group = RefusingGroup("demo", help="The demonstration firm: a year of invented clients, trades and commission.")


@group.command("make")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def make_files(folder: Path) -> None:
    """Write the firm's files into FOLDER (empty or new): always the same bytes. `later/` is for after closing 2026-08."""
    try:
        firm = make(folder)
    except FileExistsError as error:
        raise Refusal("%(folder)s is not empty: name a new folder", folder=folder) from error
    click.echo(f"{len(firm.paths)} files in {folder}, {len(firm.later)} in {folder / 'later'}")


@group.command()
def load() -> None:
    """Fill an empty portal: users, files, closed months, corrections. Goes on where an interrupted load stopped."""
    settings, started = current_app.config["PORTAL"], time.monotonic()
    check_empty(settings)
    with tempfile.TemporaryDirectory() as folder, progress() as report:
        firm = make(Path(folder) / "firm")
        for sentence in steps(Load(firm, settings, keyring(), report)):
            click.echo(f"{time.monotonic() - started:5.1f} s  {sentence}")
    (Path(settings.instance) / HALF).unlink(missing_ok=True)
    click.echo("`flask demo sign-ins` prints one sign-in per role")


@group.command()
@click.option("--yes-wipe", "typed", default="", metavar="NAME", help="The name of the database, typed: without it the command says what it would do.")
@click.option("--load/--no-load", "anew", default=True, show_default=True, help="Load the firm anew at once, or leave that to `flask demo load`.")
@click.pass_context
def wipe(context: click.Context, typed: str, anew: bool) -> None:
    """Empty a demonstration firm and load it anew. The old database is moved aside, whole; the portal must not run meanwhile."""
    settings = current_app.config["PORTAL"]
    found = standing(settings)
    click.echo(f"{found.name} holds {found.people} people, {found.accounts} accounts, {found.days} settled days and {found.lines} lines of the audit log.")
    click.echo("All of it is moved aside and an empty firm begins: every sign-in ends, and what was entered since it was loaded is not in the new one.")
    if typed != found.name:
        raise Refusal("nothing was changed: to do it, say flask demo wipe --yes-wipe %(name)s", name=found.name)
    place = move_aside(settings, clock.now())
    upgrade()
    begin_anew(found, place, clock.now())
    click.echo(f"The old one lies in {place}; delete it when nobody needs it.")
    if anew:
        context.invoke(load)


@group.command("sign-ins")
def sign_ins() -> None:
    """Print one sign-in per role."""
    people: dict[Role, SignIn] = {}
    for person in invented_sign_ins():
        people.setdefault(person.role, person)
    _print(tuple(people.values()))


def _print(people: tuple[SignIn, ...]) -> None:
    for line in sign_in_table(people):
        click.echo(line)
