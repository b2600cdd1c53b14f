"""`flask audit`: does the log hold? `flask approvals`: what waits for a second person?"""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import current_app

from models.audit import Approval
from portal import clock
from portal.actors import TERMINAL, Actor, actor_of
from portal.audit import approvals as verbs
from portal.audit import heads, log, queries, verify
from portal.audit.verify_export import Broken, Head, read_heads
from portal.cli.refusing import RefusingGroup
from portal.identity.queries import user_by_email
from portal.refusals import NotFound
from portal.settings import Settings
from portal.transaction import transaction

audit = RefusingGroup("audit", help="The audit log: does it hold, what does it say, what is its end?")
approvals = RefusingGroup("approvals", help="What waits for a second person.")


@audit.command("verify")
@click.option("--heads", "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Heads kept elsewhere; default: those in the instance folder.")
def verify_command(path: Path | None) -> None:
    """Check every line of the log, and the heads kept outside. Exit status 1 names the first bad line."""
    try:
        known: list[Head] = read_heads(path) if path else heads.kept_heads(_folder())
    except Broken as error:
        raise click.ClickException(str(error)) from error
    verdict = verify.verify(known)
    if not verdict.holds:
        raise click.ClickException(f"BAD line {verdict.bad_seq}: {verdict.why}")
    click.echo(f"OK {verdict.lines} lines, {len(known)} heads kept outside, last hash {verdict.last_hash}")
    if not known:
        click.echo("Without heads a cut end, or a chain computed anew after a change, cannot be seen: run `flask audit head`.")


@audit.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_command(file: Path) -> None:
    """Write the whole log to FILE, which portal/audit/verify_export.py checks without the portal."""
    count = verify.export(file)
    with transaction():
        log.write(TERMINAL, clock.now(), "audit.exported", "audit_log", "", after={"lines": count})
    click.echo(f"{count} lines in {file}")


@audit.command("head")
def head_command() -> None:
    """Print the end of the log, to be kept elsewhere, and keep it in the instance folder."""
    click.echo(heads.publish_current(_folder(), clock.now()))


@audit.command("show")
@click.argument("seq", type=click.IntRange(1, 2**63 - 1))
def show_command(seq: int) -> None:
    """Print line SEQ."""
    found, _, _ = queries.entry(TERMINAL, seq)
    click.echo(json.dumps(log.entry_record(found) | {"hash": found.hash}, ensure_ascii=False, indent=2))


@approvals.command("list")
@click.option("--decided", is_flag=True, help="What was decided instead of what waits.")
def list_command(decided: bool) -> None:
    """List what waits for a second person."""
    found = queries.decided(TERMINAL)[0] if decided else queries.waiting(TERMINAL)
    for approval in found:
        click.echo(_line(approval))
    if not found:
        click.echo("nothing")


@approvals.command("show")
@click.argument("approval_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
def show_approval(approval_id: int) -> None:
    """Print what is to be approved, as it was prepared."""
    _print(queries.approval(TERMINAL, approval_id))


@approvals.command("approve")
@click.argument("approval_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.option("--by", required=True, metavar="EMAIL", help="The second person; must be active and hold the right.")
@click.option("--digest", help="The digest that `show` printed; refuses if it is not the same any more.")
@click.option("--note", default="")
def approve_command(approval_id: int, by: str, digest: str | None, note: str) -> None:
    """Approve ID in the name of EMAIL, and do it."""
    with transaction():
        approver = somebody(by)
        shown = queries.approval(TERMINAL, approval_id)
        _print(shown)
        verbs.approve(approval_id, approver, clock.now(), digest=digest or shown.digest, note=note)
    click.echo("approved")


@approvals.command("refuse")
@click.argument("approval_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.option("--by", required=True, metavar="EMAIL", help="The second person; must be active and hold the right.")
@click.option("--note", required=True, help="Why.")
def refuse_command(approval_id: int, by: str, note: str) -> None:
    """Refuse ID in the name of EMAIL."""
    with transaction():
        refuser = somebody(by)
        digest = queries.approval(TERMINAL, approval_id).digest
        verbs.refuse(approval_id, refuser, clock.now(), digest=digest, note=note)
    click.echo("refused")


@approvals.command("withdraw")
@click.argument("approval_id", metavar="ID", type=click.IntRange(1, 2**63 - 1))
@click.option("--note", default="")
def withdraw_command(approval_id: int, note: str) -> None:
    """Take ID back."""
    with transaction():
        verbs.withdraw(approval_id, TERMINAL, clock.now(), note=note)
    click.echo("withdrawn")


def _line(approval: Approval) -> str:
    return f"{approval.id}\t{approval.state}\t{approval.kind}\t{approval.subject}\t{approval.prepared_label}\t{approval.prepared_at:%Y-%m-%d %H:%M}Z\t{approval.digest[:12]}"


def _print(approval: Approval) -> None:
    click.echo(_line(approval))
    click.echo(json.dumps(approval.preview, ensure_ascii=False, indent=2))
    click.echo(f"digest {approval.digest}")


def somebody(email: str) -> Actor:
    """The person with this mail address; whether he may act is for the verb to say. Raises NotFound."""
    user = user_by_email(email)
    if user is None:
        raise NotFound("There is no user with the address %(email)s. `flask users list` shows all of them.", email=email)
    return actor_of(user)


def _folder() -> str:
    settings: Settings = current_app.config["PORTAL"]
    return settings.instance
