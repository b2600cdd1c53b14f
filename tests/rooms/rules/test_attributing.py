"""Nobody is written on an account against a rule, by whatever path: every verb that writes attributions asks, and none can forget to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.columns import OPEN_END
from models.commission import Agreement
from models.confirmations import Conversion
from models.identity import Role
from models.partners import Broker
from models.transfers import TransferKind, TransferReason
from portal import clock
from portal.actors import TERMINAL
from portal.attribution.queries import account_id_of
from portal.audit import approvals
from portal.audit.recordings import last_recording_id, open_recording
from portal.jobs.handlers import Work
from portal.jobs.transfer import PREVIEW, preview_job
from portal.keys import keyring
from portal.leads import confirmation, conversion_review, introducers
from portal.rules import attributing, recorded
from portal.rules.attributing import Gain, first_gain
from portal.rules.recorded import NewFact
from portal.rules.stopping import Stopped
from portal.settings import ROOT
from portal.transaction import transaction
from portal.transfers import holding, verbs
from portal.transfers.asked import Asked
from portal.transfers.case_queries import case_for
from portal.transfers.case_states import Side
from portal.versions import Difference, Unasked, assert_rows, columns_of, current, write
from tests import make
from tests.rooms.leads.stories import NOON, TODAY, lead_of, rows
from tests.rooms.leads.test_confirmation import GOOD
from tests.rooms.leads.test_conversion import bring, conversion, newcomer
from tests.rooms.transfers.test_cases import DAY, OPENED, client, decided, firm, opened, rehearsed, told, who
from tests.rooms.transfers.test_transfers import previewed

__all__ = ["firm"]

# ---------------------------------------------------------------- who writes, read from the source

DOOR = "portal.rules.attributing.attribute"
PAST_THE_DOOR = {"portal.rules.attributing.attribute", "portal.imports.masters.assert_master"}
"""Who says that the rules were asked: the door, and the firm's own file, which says what was done already."""
PASSED_ON = {"portal.transfers.writing.write_rows", "portal.leads.conversion.write_rows"}
"""Who only passes on to the door what a verb decided."""
VERBS = {
    "portal.leads.confirmation.record",
    "portal.leads.conversion.convert_arrivals",
    "portal.leads.conversion_review.recognise",
    "portal.transfers.verbs.do",
    "portal.transfers.holding.do_release",
    "portal.transfers.holding.hold_back",
    "portal.jobs.case.suspense_job",
    "portal.jobs.transfer.preview_job",
}
"""Every verb that writes attributions; each has its story below."""


def sources() -> dict[str, str]:
    """The portal's modules by their names."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8") for path in sorted((ROOT / "portal").rglob("*.py"))}


@cache
def calls_of(module: str, text: str) -> dict[str, list[tuple[str, ast.Call]]]:
    """What each function of a module calls: every call, by the whole name of what is called as far as the module says it. Each text is
    read once; the controls plant a module beside the portal's own."""
    tree = ast.parse(text)
    names = {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    names |= {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    found: dict[str, list[tuple[str, ast.Call]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(f"{module}.{node.name}", []).extend(called(names, node))
    return found


def functions(modules: Mapping[str, str]) -> Iterable[tuple[str, list[tuple[str, ast.Call]]]]:
    """Every function by its whole name, with what it calls."""
    for module, text in modules.items():
        yield from calls_of(module, text).items()


def called(names: Mapping[str, str], node: ast.AST) -> Iterable[tuple[str, ast.Call]]:
    """Every call in a function, by the whole name of what is called as far as its module says it."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            head, _, rest = ast.unparse(call.func).partition(".")
            yield f"{names.get(head, head)}{'.' + rest if rest else ''}", call


def past_the_door(modules: Mapping[str, str]) -> set[str]:
    """Functions that write attributions themselves: they say that the rules were asked, or write to the table directly."""
    found = set()
    for name, calls in functions(modules):
        for what, call in calls:
            says = any(word.arg == "ruled" and not (isinstance(word.value, ast.Name) and word.value.id == "ruled") for word in call.keywords)
            first = ast.unparse(call.args[0]) if call.args else ""
            directly = what.rsplit(".", 1)[-1] in {"insert_rows", "insert_frame", "insert", "update", "delete"} and first in {
                "Attribution",
                "table_of(Attribution)",
                "Attribution.__table__",
            }
            if says or directly or what == "models.attribution.Attribution":
                found.add(name)
    return found


def callers(modules: Mapping[str, str], of: set[str]) -> set[str]:
    """Functions that call one of some others."""
    return {name for name, calls in functions(modules) if any(what in of for what, _call in calls)}


def test_nobody_writes_attributions_past_the_door() -> None:
    assert past_the_door(sources()) == PAST_THE_DOOR


def test_every_verb_that_writes_attributions_has_its_story() -> None:
    """A new one fails here until it stands in VERBS, and below with what it does where a rule forbids it."""
    through = callers(sources(), {DOOR}) | callers(sources(), PASSED_ON)
    assert through - PASSED_ON == VERBS
    assert {story.verb for story in STORIES} == VERBS


@pytest.mark.parametrize(
    "text",
    [
        "from models.attribution import Attribution\nfrom portal.versions import Difference, write\ndef sneak(n):\n    write(Difference(Attribution), n, ruled=True)\n",
        "from models.attribution import Attribution\ndef sneak(rows):\n    insert_rows(table_of(Attribution), ('share',), rows)\n",
        "from models.attribution import Attribution\ndef sneak():\n    db.session.execute(update(Attribution).values(share=1))\n",
        "from models.attribution import Attribution\ndef sneak():\n    db.session.add(Attribution(share=1))\n",
    ],
)
def test_control_a_writer_that_does_not_ask_is_found(text: str) -> None:
    assert past_the_door({**sources(), "portal.leads.planted": text}) == PAST_THE_DOOR | {"portal.leads.planted.sneak"}


def test_control_a_new_verb_is_found() -> None:
    text = "from portal.rules.attributing import attribute\ndef grab(found, n):\n    attribute(found, n, 'CN')\n"
    assert "portal.leads.planted.grab" in callers({**sources(), "portal.leads.planted": text}, {DOOR})


@pytest.mark.usefixtures("database")
def test_rows_for_which_nobody_asked_are_not_written(firm: Flask) -> None:
    row = db.session.scalars(current(Attribution)).first()
    assert row is not None
    with pytest.raises(Unasked), transaction():
        write(Difference(Attribution, changed=[{}]), open_recording(TERMINAL, NOON, "test").id)


# ---------------------------------------------------------------- who gains, and from when on

FIRST, LATER, LAST = date(2026, 1, 1), date(2026, 3, 1), date(2026, 6, 1)


def span(start: date, end: date = OPEN_END, share: int = 500_000, state: str = "confirmed", confirmed_on: date | None = None) -> dict[str, Any]:
    return {"valid_from": start, "valid_to": end, "share": share, "state": state, "confirmed_on": confirmed_on}


@pytest.mark.parametrize(
    ("before", "after", "gain"),
    [
        ([], [span(LATER)], Gain(LATER, held=False)),
        ([span(FIRST)], [span(FIRST)], None),
        ([span(FIRST)], [span(FIRST, LATER)], None),
        ([span(FIRST)], [span(FIRST, share=400_000)], None),
        ([span(FIRST)], [span(FIRST, LATER), span(LATER, share=600_000)], Gain(LATER, held=False)),
        ([span(FIRST, LATER)], [span(FIRST, LAST)], Gain(LATER, held=False)),
        ([span(FIRST)], [span(FIRST, LATER), span(LATER, state="suspended")], None),
        ([span(FIRST, state="suspended")], [span(FIRST)], Gain(FIRST, held=True)),
        ([span(FIRST, state="pending")], [span(FIRST, confirmed_on=LATER)], Gain(LATER, held=True)),
        ([span(FIRST, confirmed_on=LAST)], [span(FIRST, confirmed_on=LATER)], Gain(LATER, held=True)),
        ([span(FIRST, state="pending")], [span(FIRST, state="suspended")], None),
        ([], [span(FIRST, state="suspended")], Gain(FIRST, held=False)),
        ([span(FIRST, state="suspended")], [span(FIRST, LATER, state="confirmed"), span(LATER, share=900_000)], Gain(FIRST, held=False)),
    ],
)
def test_who_gains_is_asked_about_from_the_day_on_which_he_does(before: list[dict[str, Any]], after: list[dict[str, Any]], gain: Gain | None) -> None:
    assert first_gain(before, after) == gain


# ---------------------------------------------------------------- every verb, where a rule forbids what it would do


def forbid(broker_no: str, client_no: str) -> None:
    """The broker turns out to represent the client: a fact of the rules, and no new knowledge of the books."""
    with transaction():
        recorded.record_fact(NewFact("legal_representative", broker_no, client_no, "", "company register", date(2025, 1, 1), OPEN_END), TERMINAL, clock.now())


def stopped(act: Callable[[], Any]) -> str:
    """What an act is refused with; empty where it is not, by a rule."""
    known = last_recording_id()
    try:
        with transaction():
            act()
    except Stopped as refusal:
        assert last_recording_id() == known, "what is stopped records nothing"
        return refusal.clauses[0].code
    return ""


def of_transfer(app: Flask, folder: Path) -> str:
    preparer, second = who(app, Role.ADMIN), who(app, Role.COMPLIANCE)
    asked = Asked(TransferKind.ACCOUNTS, "B001", "B002", date(2026, 4, 2), TransferReason.AGREEMENT, "letter", accounts=("10001",))
    row = previewed(asked, preparer)
    with transaction():
        approval = verbs.ask(row.public_id, verbs.rows_digest(row), preparer, clock.now())
        key, digest = approval.id, approval.digest
    forbid("B002", "C10001")
    return stopped(lambda: approvals.approve(key, second, clock.now(), digest=digest))


def of_preview(app: Flask, folder: Path) -> str:
    preparer = who(app, Role.ADMIN)
    asked = Asked(TransferKind.ACCOUNTS, "B001", "B002", date(2026, 4, 2), TransferReason.AGREEMENT, "letter", accounts=("10001",))
    with transaction():
        row = verbs.draft(asked, preparer, clock.now(), "CN")
        key = row.id
    forbid("B002", "C10001")
    assert stopped(lambda: verbs.draft(asked, preparer, clock.now(), "CN")) == "ib-insiders"
    with pytest.raises(Stopped) as refusal:
        preview_job(Work(0, "x", PREVIEW, {"transfer": key}, preparer, 1))
    return refusal.value.clauses[0].code


def final(app: Flask, verdict: Side) -> tuple[str, Any]:
    """A case that is decided and over, its release rehearsed."""
    two, desk = who(app, Role.BROKER, broker_no="B002"), who(app, Role.COMPLIANCE)
    public_id = opened(client(), two, OPENED)
    decided(public_id, desk, verdict, OPENED + DAY)
    rehearsed(public_id, desk)
    return public_id, desk


@pytest.mark.parametrize(("verdict", "winner"), [(Side.CONTESTING, "B002"), (Side.HELD, "B001")])
def test_a_release_asks_before_it_waits_and_before_it_is_done(firm: Flask, verdict: Side, winner: str) -> None:
    public_id, desk = final(firm, verdict)
    late, day = OPENED + 30 * DAY, date(2026, 5, 1)
    forbid(winner, "C10001")
    assert stopped(lambda: holding.ask_for_release(public_id, desk, late, day, "CN")) == "ib-insiders"


def test_a_release_to_the_house_is_forbidden_to_nobody(firm: Flask) -> None:
    public_id, desk = final(firm, Side.FIRM)
    forbid("B001", "C10001")
    assert stopped(lambda: holding.ask_for_release(public_id, desk, OPENED + 30 * DAY, date(2026, 5, 1), "CN")) == ""


def of_release(app: Flask, folder: Path) -> str:
    public_id, desk = final(app, Side.CONTESTING)
    second, late = who(app, Role.FINANCE), OPENED + 30 * DAY
    with transaction():
        approval = holding.ask_for_release(public_id, desk, late, date(2026, 5, 1), "CN")
        key, digest = approval.id, approval.digest
    forbid("B002", "C10001")
    return stopped(lambda: approvals.approve(key, second, late, digest=digest))


def of_suspense(app: Flask, folder: Path) -> str:
    public_id, desk = final(app, Side.CONTESTING)
    forbid("B002", "C10001")
    with pytest.raises(Stopped) as refusal:
        rehearsed(public_id, desk)
    return refusal.value.clauses[0].code


def of_hold(app: Flask, folder: Path) -> str:
    """Taking away is forbidden to nobody: what is disputed waits, whatever else is wrong with it."""
    forbid("B001", "C10001")
    public_id = opened(client(), who(app, Role.BROKER, broker_no="B002"), OPENED)
    assert case_for(who(app, Role.COMPLIANCE), public_id).suspended
    assert told("10001")[-1][3] == "suspended"
    return ""


def of_conversion(app: Flask, folder: Path) -> str:
    """An import goes on: the claim alone is blocked, and says by what."""
    lead = lead_of(introducers.broker("B001"))
    forbid("B001", "C10001")
    bring(folder, newcomer().replace("C10003", "C10001"))
    assert (rows("10003"), conversion(lead).state) == ([], "blocked")
    return str(conversion(lead).reasons[0]["code"])


def of_recognition(app: Flask, folder: Path) -> str:
    lead = lead_of(introducers.broker("B001"))
    bring(folder, newcomer("2026-02-28").replace("C10003", "C10001"))
    first, second = who(app, Role.COMPLIANCE), who(app, Role.COMPLIANCE)
    number = db.session.execute(select(Conversion.id).where(Conversion.lead_id == lead)).scalar_one()
    with transaction():
        approval = conversion_review.ask(number, "the form was lost", first, NOON, TODAY, "CN")
        key, digest = approval.id, approval.digest
    forbid("B001", "C10001")
    return stopped(lambda: approvals.approve(key, second, NOON, digest=digest))


def of_call(app: Flask, folder: Path) -> str:
    lead_of(introducers.broker("B001"))
    bring(folder, newcomer().replace("C10003", "C10001"))
    caller = who(app, Role.COMPLIANCE)
    forbid("B001", "C10001")
    (row,) = rows("10003")
    found = stopped(lambda: confirmation.record(row.id, GOOD, caller, NOON, TODAY, "CN", keyring()))
    assert [one.state for one in rows("10003")] == ["pending"]
    refused = replace(GOOD, outcome="refused", note="it is his own company")
    with transaction():
        confirmation.record(row.id, refused, caller, NOON, TODAY, "CN", keyring())
    assert [one.state for one in rows("10003")] == ["suspended"], "taking away is forbidden to nobody"
    return found


class Story:
    """A verb where a rule forbids what it would do, and the clause by which it is stopped (empty: it only takes away)."""

    def __init__(self, verb: str, walk: Callable[[Flask, Path], str], clause: str = "ib-insiders") -> None:
        """Named by its verb."""
        self.verb, self.walk, self.clause = verb, walk, clause


STORIES = (
    Story("portal.transfers.verbs.do", of_transfer),
    Story("portal.jobs.transfer.preview_job", of_preview),
    Story("portal.transfers.holding.do_release", of_release),
    Story("portal.jobs.case.suspense_job", of_suspense),
    Story("portal.transfers.holding.hold_back", of_hold, ""),
    Story("portal.leads.conversion.convert_arrivals", of_conversion),
    Story("portal.leads.conversion_review.recognise", of_recognition),
    Story("portal.leads.confirmation.record", of_call),
)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.verb)
def test_a_rule_stops_every_verb_that_writes_attributions(firm: Flask, tmp_path: Path, story: Story) -> None:
    assert story.walk(firm, tmp_path) == story.clause


def test_control_a_door_that_does_not_ask_lets_it_through(firm: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: the stories notice it."""
    monkeypatch.setattr(attributing, "need_lawful", lambda *_: None)
    assert of_transfer(firm, tmp_path) == ""


def test_an_institution_of_old_keeps_its_clients_and_gains_none(firm: Flask, tmp_path: Path) -> None:
    """Released to whom it was before it is what it was; a new client would be one too many."""
    brokers = (tmp_path / "files" / "brokers.csv").read_text(encoding="utf-8").splitlines()
    old = tmp_path / "old"
    make.write(old, "brokers", [row.replace(",person,", ",institution,") for row in brokers[1:]], brokers[0])
    make.accepted(old)
    with transaction():
        agreed = [{name: getattr(row, name) for name in columns_of(Agreement)} | {"valid_from": date(2020, 1, 1)} for row in db.session.scalars(current(Agreement))]
        assert_rows(Agreement, agreed, open_recording(TERMINAL, NOON, "test").id, replace=True)
    public_id, desk = final(firm, Side.HELD)
    assert stopped(lambda: holding.ask_for_release(public_id, desk, OPENED + 30 * DAY, date(2026, 5, 1), "CN")) == ""
    gained = {"account_id": account_id_of("10001"), "broker_id": db.session.execute(select(Broker.id).where(Broker.broker_no == "B002")).scalar_one()}
    difference = Difference(Attribution, new=[{**gained, **span(date(2026, 4, 1), share=1)}])
    with pytest.raises(Stopped, match="ib-natural-person"):
        attributing.need_lawful(difference, "CN")
