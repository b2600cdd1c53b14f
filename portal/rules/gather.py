"""The facts of many brokers and accounts at once: one query a table, whatever the size of the firm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select
from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from models import db
from models.assertions import Asserted
from models.clients import Account, AccountVersion
from models.columns import FIRST_DAY, OPEN_END
from models.commission import Agreement
from models.partners import Broker, BrokerState, BrokerStatus, BrokerVersion, Licence, Relative, Staff, StaffVersion
from models.rules import FactKind, RuleFact
from models.suitability import SuitabilityTest
from portal.rules.facts import BrokerFacts, ClientFacts, MonthEnd, Spell, Spells
from portal.sealing import Keyring, Unreadable
from portal.versions import current

Ids = list[int] | None
"""Some things by their ids, or all."""


def recorded() -> list[RuleFact]:
    """The entered facts that count now."""
    last = select(func.max(RuleFact.id)).group_by(RuleFact.fact_no)
    return list(db.session.scalars(select(RuleFact).where(RuleFact.id.in_(last), ~RuleFact.withdrawn).order_by(RuleFact.id)))


def broker_facts(ids: Ids, keyring: Keyring | None, month_ends: Mapping[int, MonthEnd] | None = None) -> dict[int, BrokerFacts]:
    """Brokers by id. With the keyring a person's birthday is read from the ID number; without, age counts as unknown."""
    row = current(BrokerVersion, None, None if ids is None else BrokerVersion.broker_id.in_(ids)).subquery()
    held = db.session.execute(select(row.c.broker_id, Broker.broker_no, row.c.kind, row.c.id_no_index, row.c.id_no_sealed).join(Broker, Broker.id == row.c.broker_id)).all()
    active = _spells(BrokerStatus, "status", ids, BrokerState.ACTIVE)
    licences, agreements = _spells(Licence, "licence_no", ids), _spells(Agreement, "plan_id", ids)
    staff, entered = _same_phone(ids), _entered(recorded(), "broker_id")
    return {
        broker_id: BrokerFacts(
            broker_id,
            number,
            kind,
            index,
            _born_on(sealed, number, keyring),
            active.get(broker_id, ()),
            licences.get(broker_id, ()),
            agreements.get(broker_id, ()),
            staff.get(broker_id, ()),
            entered.get(broker_id, {}),
            (month_ends or {}).get(broker_id),
        )
        for broker_id, number, kind, index, sealed in held
    }


def client_facts(ids: Ids) -> dict[int, ClientFacts]:
    """Accounts by id."""
    row = current(AccountVersion, None, None if ids is None else AccountVersion.account_id.in_(ids)).subquery()
    names = ("account_id", "client_no", "kind", "id_no_index", "opened_on", "closed_on", "risk_grade")
    columns: list[Any] = [*(row.c[name] for name in names), Account.account_no]
    held = db.session.execute(select(*columns).join(Account, Account.id == row.c.account_id))
    newest = select(func.max(SuitabilityTest.id)).where(SuitabilityTest.client_no != "").group_by(SuitabilityTest.client_no)
    tests = {one.client_no: one for one in db.session.scalars(select(SuitabilityTest).where(SuitabilityTest.id.in_(newest)))}
    entered = _entered(recorded(), "client_no")
    found = {}
    for account_id, client_no, kind, index, opened, closed, grade, number in held:
        test = tests.get(client_no)
        said = test.grade if test else grade
        found[account_id] = ClientFacts(account_id, number, client_no, kind, index, opened, closed, said, test.valid_until if test else None, entered.get(client_no, {}))
    return found


def ties_of(brokers: Ids) -> dict[tuple[int, str], Spells]:
    """What relates a broker to a client: by the broker's id, and the index of the client's ID number or `client:` and his number."""
    row = current(Relative, None, None if brokers is None else Relative.broker_id.in_(brokers)).subquery()
    found: dict[tuple[int, str], list[Spell]] = defaultdict(list)
    for broker_id, index, relation, start, end in db.session.execute(select(row.c.broker_id, row.c.id_no_index, row.c.relation, row.c.valid_from, row.c.valid_to)):
        if index:
            found[broker_id, index].append(Spell(relation, start, end))
    for fact in recorded():
        if fact.kind == FactKind.LEGAL_REPRESENTATIVE and fact.broker_id is not None:
            found[fact.broker_id, f"client:{fact.client_no}"].append(Spell(FactKind.LEGAL_REPRESENTATIVE, fact.valid_from, fact.valid_to))
    return {key: tuple(spells) for key, spells in found.items()}


def tied(ties: Mapping[tuple[int, str], Spells], broker: BrokerFacts, client: ClientFacts) -> Spells:
    """What relates this broker to this client."""
    by_number = ties.get((broker.broker_id, client.id_no_index), ()) if client.id_no_index else ()
    return (*by_number, *ties.get((broker.broker_id, f"client:{client.client_no}"), ()))


def _spells(model: type[Asserted], says: str, ids: Ids, only: str = "") -> dict[int, Spells]:
    key: Any = getattr(model, "broker_id")  # noqa: B009 - a column of each of these models, not of their mixin
    row = current(model, None, None if ids is None else key.in_(ids)).subquery()
    query = select(row.c.broker_id, row.c[says], row.c.valid_from, row.c.valid_to)
    return _grouped(db.session.execute(query.where(row.c[says] == only) if only else query))


def _grouped(rows: Iterable[Any]) -> dict[int, Spells]:
    found: dict[int, list[Spell]] = defaultdict(list)
    for key, says, start, end in rows:
        found[key].append(Spell(str(says), start, end))
    return {key: tuple(spells) for key, spells in found.items()}


def _same_phone(ids: Ids) -> dict[int, Spells]:
    """The staff whose phone number a broker has, over the time in which they belong to the firm."""
    broker = current(BrokerVersion, None, None if ids is None else BrokerVersion.broker_id.in_(ids)).subquery()
    staff = current(StaffVersion).subquery()
    query = select(broker.c.broker_id, Staff.staff_no, staff.c.joined_on, staff.c.left_on).join(staff, staff.c.phone_index == broker.c.phone_index)
    query = query.join(Staff, Staff.id == staff.c.staff_id).where(broker.c.phone_index != "")
    return _grouped((key, number, joined or FIRST_DAY, left or OPEN_END) for key, number, joined, left in db.session.execute(query))


def _entered(facts: Iterable[RuleFact], of: str) -> dict[Any, dict[str, Spells]]:
    found: dict[Any, dict[str, Spells]] = defaultdict(dict)
    for fact in facts:
        key = getattr(fact, of)
        if key:
            found[key][fact.kind] = (*found[key].get(fact.kind, ()), Spell(fact.says, fact.valid_from, fact.valid_to))
    return found


def _born_on(sealed: str, number: str, keyring: Keyring | None) -> date | None:
    if keyring is None or not sealed:
        return None
    try:
        plain = keyring.open(sealed, f"broker_version.id_no_sealed:{number}")
        born = ric.get_birth_date(ric.validate(plain))
    except (Unreadable, ValidationError):
        return None
    return date(born.year, born.month, born.day)
