"""`flask keys`: rotate the keys that seal phone and ID numbers."""

from __future__ import annotations

import click

from portal import clock, keys
from portal.actors import TERMINAL
from portal.audit import log
from portal.cli.progress import progress
from portal.cli.refusing import RefusingGroup
from portal.refusals import Refusal
from portal.resealing import PLACES, Place, left_behind, reseal_chunk
from portal.sealing import Keyring
from portal.transaction import transaction

group = RefusingGroup("keys", help="The keys that seal phone and ID numbers.")


@group.command("list")
def list_command() -> None:
    """List the keys, newest first, with how many values each seals. Never prints a key."""
    for name, _ in keys.keyring().keys:
        used = left_behind(name)
        click.echo(f"{name}\t{sum(used.values())}\t{', '.join(f'{place} {count}' for place, count in used.items())}")


@group.command("rotate")
def rotate() -> None:
    """Make a new newest key and seal everything anew with it; older keys keep opening until they are retired."""
    ring = keys.keyring()
    new = ring.with_newest(keys.next_name(ring))
    if keys.in_settings():
        click.echo("The keys come from PORTAL_DATA_KEYS. Set it to this everywhere, start every process anew, then run `flask keys reseal`:", err=True)
        click.echo(new.written())
        return
    keys.keep(new, ring)
    _note("keys.rotated", {"newest": new.newest})
    click.echo(f"{new.newest} is the newest key; keep a copy of the instance folder's keys where the backups are not", err=True)
    _reseal(keys.keyring())


@group.command("reseal")
def reseal() -> None:
    """Seal anew with the newest key what older keys sealed. May be broken off and run again."""
    _reseal(keys.keyring())


@group.command("retire")
@click.argument("name")
def retire(name: str) -> None:
    """Take an older key away once nothing uses it. It is put aside for backups from before."""
    ring = keys.keyring()
    try:
        remaining = ring.without(name)
    except ValueError as error:
        raise Refusal("%(why)s", why=str(error)) from error
    with transaction():  # nobody writes meanwhile on SQLite
        used = left_behind(name)
    if used:
        raise Refusal(
            "%(name)s still seals %(count)s values (%(places)s): run `flask keys reseal` first, and have decided what waits for approval",
            name=name,
            count=sum(used.values()),
            places=", ".join(used),
        )
    if keys.in_settings():
        click.echo("Nothing uses it. Set PORTAL_DATA_KEYS to this everywhere, and keep the old value for backups from before:", err=True)
        click.echo(remaining.written())
        return
    path = keys.put_aside(ring, name)
    keys.keep(remaining, ring)
    _note("keys.retired", {"name": name})
    click.echo(f"{name} is retired; it stands in {path} for backups from before")


def _reseal(ring: Keyring) -> None:
    done = unreadable = 0
    with progress() as report:
        for place in PLACES:
            changed, lost = _reseal_place(place, ring)
            done, unreadable = done + changed, unreadable + lost
            report(place.name, 1, 1)
    _note("keys.resealed", {"newest": ring.newest, "values": done, "unreadable": unreadable})
    click.echo(f"{done} values sealed anew with {ring.newest}")
    if unreadable:
        raise Refusal("%(count)s values do not open with any key: they were changed, moved, or their key is missing", count=unreadable)


def _reseal_place(place: Place, ring: Keyring) -> tuple[int, int]:
    last = done = unreadable = 0
    while True:
        with transaction():
            chunk = reseal_chunk(place, ring, last)
        if chunk is None:
            return done, unreadable
        last, done, unreadable = chunk[0], done + chunk[1], unreadable + chunk[2]


def _note(action: str, after: dict[str, object]) -> None:
    with transaction():
        log.write(TERMINAL, clock.now(), action, "keys", "data_keys", after=after)
