"""Fills an empty portal with the demonstration firm, through the same doors as a real one.

Each step looks first at what is there, so that a load that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select

from models import db
from models.clients import Account
from models.identity import User
from models.settlement import ImportState
from models.values.calendar import Month
from portal.actors import TERMINAL
from portal.audit import approvals
from portal.clock import now
from portal.commission import publication, runs
from portal.commission.close import prepare_close
from portal.demo.care import YEAR, add_care, contacts_file
from portal.demo.clients import ACCOUNTS
from portal.demo.club import add_events
from portal.demo.club_after import add_after
from portal.demo.club_bank import add_transfers
from portal.demo.club_compared import add_compared
from portal.demo.club_full import add_full
from portal.demo.club_host import add_host
from portal.demo.club_members import add_members
from portal.demo.club_past import add_past
from portal.demo.club_points import add_points
from portal.demo.concentration import add_limits, add_sendings
from portal.demo.departing import add_letter, add_signals
from portal.demo.disputes import add_disputes
from portal.demo.firm import DemoFirm, SignIn
from portal.demo.gone import add_gone
from portal.demo.habits import add_habits
from portal.demo.leads import add_leads
from portal.demo.leads_around import Setting, add_around
from portal.demo.notices import read_most
from portal.demo.payments import add_payments
from portal.demo.requests import add_requests
from portal.demo.research import add_research
from portal.demo.signed_in import acting
from portal.demo.stories import GONE_ON, account_no
from portal.demo.suspected import add_hearings
from portal.demo.webhooks import add_webhooks
from portal.identity import passwords, verbs
from portal.identity.queries import user_by_email
from portal.imports.receive import receive
from portal.imports.recognise import recognise
from portal.imports.run import Options, run_import
from portal.jobs.handlers import know_all
from portal.jobs.refresh import refresh
from portal.refusals import Findings, Refusal
from portal.sealing import Keyring
from portal.search.job import one_step
from portal.settings import Settings
from portal.settlement import rollups
from portal.transaction import lock_months, transaction

PASSWORD = "juyuan-demo-2026"  # noqa: S105 - printed for everybody, and good only in a demonstration firm
PREPARER, APPROVER = "finance@example.com", "finance2@example.com"
MARK = "demo"
"""The file in the instance folder that says: this is a demonstration firm. It holds the sign-ins."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Load:
    """What every step needs."""

    firm: DemoFirm
    settings: Settings
    keyring: Keyring
    progress: Progress


def check_empty(settings: Settings) -> None:
    """Raises Refusal where a demonstration firm may not be loaded: not asked for, or somebody else's books are here."""
    if not settings.demo:
        raise Refusal("a demonstration firm has printed passwords: say that you want one with PORTAL_DEMO=1")
    if db.session.execute(select(User.email).where(User.demo.is_(False), User.visitor.is_(False)).limit(1)).first():
        raise Refusal("this portal has users of its own: a demonstration firm is loaded only into an empty one")
    ours = {account_no(place) for place in range(ACCOUNTS)}
    found = db.session.execute(select(Account.account_no)).scalars()
    if any(number not in ours for number in found):
        raise Refusal("this portal has accounts of its own: a demonstration firm is loaded only into an empty one")


def steps(load: Load) -> Iterator[str]:
    """Do one step after the other; yields a sentence about each when it is done."""
    know_all()
    yield f"{add_users(load)} users added"
    yield import_files(load, [load.firm.folder])
    for period in load.firm.months_to_close:
        yield close_month(load, period)
    yield import_files(load, list(load.firm.later))
    yield add_requests(current_app._get_current_object(), now())  # type: ignore[attr-defined]
    yield add_payments(load.keyring, acting(PREPARER), acting(APPROVER), now())
    while one_step():
        load.progress("making names findable", 0, 0)
    for day in rollups.missing_days():
        load.progress(f"adding up {day}", 0, 0)
        with transaction():
            rollups.rebuild([day])
    refresh(load.progress)
    yield add_concentration(load)
    yield f"{add_some_leads(load)} leads added"
    yield f"{add_some_disputes(load)} questions to lines put"
    around = Setting(load.keyring, load.settings.timezone, load.settings.base_url, now())
    yield f"{add_around(around, load.progress)} stories around leads told"
    yield f"{add_events(now())} events of the club prepared, {add_points(now())} rules by which points are earned"
    yield f"{add_transfers(now())} bank transfers of the club recorded"
    yield add_some_care(load)
    yield add_who_goes(load)
    yield f"{add_members(load.firm.last_settled_day, now())} members of the club"
    yield f"{add_research(now().astimezone(ZoneInfo(load.settings.timezone)).date(), now())} reports and courses written"
    yield add_past(load.firm.last_settled_day, passwords.hashed(PASSWORD, load.settings.password_cost), load.progress)
    yield f"{add_host(now())} duties at events of the club given"
    yield add_full(now())
    yield add_after(around)
    yield add_compared(around)
    while one_step():
        load.progress("making names findable", 0, 0)
    yield add_webhooks(acting("admin@example.com"), load.keyring, now())
    mark(load)
    with transaction():
        read_most(now())
    yield f"{load.firm.last_settled_day} is the last settled day; {' and '.join(map(str, load.firm.open_months))} are open"


def add_users(load: Load) -> int:
    """One user per role, all with the printed password. Returns how many were not there yet."""
    missing = [person for person in load.firm.sign_ins if user_by_email(person.email) is None]
    hashes = [passwords.hashed(PASSWORD, load.settings.password_cost) for _ in missing]
    with transaction():
        for person, hashed in zip(missing, hashes, strict=True):
            _add(person, hashed)
    return len(missing)


def _add(person: SignIn, hashed: str) -> None:
    verbs.add_user(
        email=person.email,
        name=person.name,
        roles=[person.role],
        broker_no=person.broker_no,
        client_no=person.client_no,
        staff_no=person.staff_no,
        branch_no=person.branch_no,
        demo_password_hash=hashed,
        actor=TERMINAL,
        moment=now(),
    )


def add_concentration(load: Load) -> str:
    """Limits on how few the equity may stand, and what was sent to the association."""
    day = now().astimezone(ZoneInfo(load.settings.timezone)).date()
    with transaction():
        return f"{add_limits(day, now())} limits on concentration set, {add_sendings(day, now())} reports to the association sent"


def add_some_leads(load: Load) -> int:
    """People who are not clients yet. Returns how many were added."""
    with transaction():
        return add_leads(load.keyring, load.settings.timezone, now())


def add_some_disputes(load: Load) -> int:
    """Questions of the broker to lines of the newest closed month. Returns how many were put."""
    with transaction():
        return add_disputes(str(load.firm.months_to_close[-1]), ZoneInfo(load.settings.timezone), now())


def add_some_care(load: Load) -> str:
    """A year of contacts, those who left in it and to whom their clients went, and what is to be done."""
    last, zone = load.firm.last_settled_day, ZoneInfo(load.settings.timezone)
    told = [import_contacts(load, (last - YEAR, min(last, GONE_ON - timedelta(days=1))))]
    gone = add_gone(zone, passwords.hashed(PASSWORD, load.settings.password_cost), load.progress)
    if last >= GONE_ON:
        told.append(import_contacts(load, (GONE_ON, last)))
    with transaction():
        tasks = add_care(last, zone, now(), load.settings.jurisdiction)
    return f"contacts: {', '.join(told)}; {gone}; {tasks} tasks of care"


def import_contacts(load: Load, part: tuple[date, date]) -> str:
    """Contacts of some days through the same door as a firm's own file."""
    with tempfile.TemporaryDirectory() as folder:
        return import_files(load, [contacts_file(Path(folder), load.firm.last_settled_day, part)])


def add_who_goes(load: Load) -> str:
    """What speaks for departures, and the letter of who goes."""
    last, zone = load.firm.last_settled_day, ZoneInfo(load.settings.timezone)
    hashed = passwords.hashed(PASSWORD, load.settings.password_cost)
    with transaction():
        add_habits(last, zone, hashed, load.keyring)
        heard = add_hearings(hashed)
    found = add_signals(last, zone, now(), load.progress)
    with transaction():
        number = add_letter(last, now(), now().astimezone(zone).date())
    return f"{found} signals of departures; {heard} suspicions heard; {number or 'no new departure'}"


def import_files(load: Load, paths: list[Path]) -> str:
    """Import files or folders as the finance department would. Raises Refusal where anything in them is refused."""
    findings = Findings()
    handed = receive(paths, lambda file: recognise(file) is not None, findings)
    options = Options(keyring=load.keyring, overrides_allowed=load.settings.allow_overrides, approver=acting(APPROVER), progress=load.progress)
    outcome = run_import(handed, actor=acting(PREPARER), options=options, findings=findings)
    if outcome.findings.refused or outcome.state != ImportState.DONE:
        first = next((f"{item.file}:{item.line} {item.field} {item.code} {item.found}" for item in outcome.findings.listed), "")
        raise Refusal("the demonstration firm's files were refused, which they should not be: %(first)s", first=first)
    return f"{len(handed.files)} files imported, {outcome.findings.warned} warnings"


def close_month(load: Load, period: Month) -> str:
    """Close a month as two people of the finance department would."""
    if runs.closed_run(period):
        return f"{period} was closed already"
    computed = runs.compute_now(period, load.progress)
    with transaction():
        lock_months()
        run = runs.store_run(computed, now(), overrides_allowed=load.settings.allow_overrides)
        approval = prepare_close(run, acting(PREPARER), now(), accept_missing=False)
        approvals.approve(approval.id, acting(APPROVER), now(), digest=approval.digest)
        publication.publish(str(period), run.digest, acting(PREPARER), now())
        return f"{period} closed: {run.lines} lines"


def mark(load: Load) -> None:
    """Mark the instance as a demonstration firm; the file holds the sign-ins and is for its owner's eyes."""
    path = Path(load.settings.instance) / MARK
    path.touch(mode=0o600)
    path.write_text("\n".join(sign_in_table(load.firm.sign_ins)) + "\n", encoding="utf-8")


def sign_in_table(people: tuple[SignIn, ...]) -> list[str]:
    """The sign-ins as lines of a table."""
    rows = [("role", "sign-in", "password", "is"), *((person.role.value, person.email, PASSWORD, _bound_to(person)) for person in people)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip() for row in rows]


def _bound_to(person: SignIn) -> str:
    return " ".join(part for part in (person.broker_no, person.client_no, person.staff_no, person.branch_no and f"branch {person.branch_no}", person.name) if part)
