"""The checks that rules name: each takes the facts, a day and the rule's parameters, and gives the reason why somebody is stopped, or None.

Pure: what is not among the facts does not count. A reason is a sentence with its values; doors translate it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from models.columns import FIRST_DAY, OPEN_END
from models.partners import PersonKind
from models.rules import FactKind
from models.values.months import months_later
from portal.rules.facts import BrokerFacts, ClientFacts, Facts, last_end, on, since


def N_(message: str) -> str:
    """Mark a text that is translated when it is shown."""
    return message


class Reason(NamedTuple):
    """Why, in a sentence with its values, and from which day on."""

    message: str
    values: Mapping[str, Any]
    since: date


class Check(NamedTuple):
    """A check and what it is about: `pair` (broker and client), `broker`, `client`, or `other` (asked at one place alone)."""

    about: str
    run: Callable[[Facts, date, Mapping[str, Any]], Reason | None]


def person_or_licensed(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """A broker is a person of age, or an institution that is recorded as a licensed financial one; what came before the rule is history."""
    broker = _broker(facts)
    if broker.kind == PersonKind.INSTITUTION and not broker.entered(FactKind.FINANCIAL_INSTITUTION, day):
        newer = [spell for spell in on(broker.agreements, day) if spell.start >= date.fromisoformat(parameters["institutions_from"])]
        if facts.opening or newer:
            return Reason(N_("%(broker)s is an institution without a recorded financial licence"), {"broker": broker.broker_no}, since(newer))
        return None
    of_age = None if broker.born_on is None else months_later(broker.born_on, 12 * int(parameters["age"]))
    if of_age is not None and day < of_age:
        return Reason(N_("%(broker)s is of age only from %(day)s"), {"broker": broker.broker_no, "day": str(of_age)}, FIRST_DAY)
    return None


def bound_elsewhere(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """A broker is bound to no more other firms than the rule allows."""
    broker = _broker(facts)
    others = broker.entered(FactKind.OTHER_FIRM, day)
    if len(others) <= int(parameters["others"]):
        return None
    # Too many since the day on which the last of them that are one too many began.
    begun = sorted(spell.start for spell in others)[int(parameters["others"])]
    return Reason(N_("%(broker)s is bound to other firms: %(firms)s"), {"broker": broker.broker_no, "firms": ", ".join(spell.says for spell in others)}, begun)


def family(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The client is no close relative of the broker."""
    return _tied(facts, day, parameters, N_("the client of %(account)s is registered as %(relation)s of %(broker)s"))


def insider(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The broker does not control, represent or work for the corporate client."""
    return _tied(facts, day, parameters, N_("%(broker)s is registered as %(relation)s of the client of %(account)s"))


def own_account(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The client is not the broker himself. An empty ID number is equal to nothing."""
    broker, client = _broker(facts), _client(facts)
    if broker.id_no_index and broker.id_no_index == client.id_no_index:
        return Reason(N_("the client of %(account)s is the broker %(broker)s himself"), _both(facts), facts.since)
    return None


def not_staff(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The broker is not of the firm's staff, and no close relative of somebody who is."""
    broker = _broker(facts)
    if found := on(broker.staff, day):
        return Reason(N_("%(broker)s has the phone number of the staff member %(staff)s"), {"broker": broker.broker_no, "staff": found[0].says}, since(found))
    if found := broker.entered(FactKind.STAFF_RELATIVE, day):
        return Reason(N_("%(broker)s is a close relative of the staff member %(staff)s"), {"broker": broker.broker_no, "staff": found[0].says}, since(found))
    return None


def lapsed(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The broker is active, holds an agreement and, being a person, a licence on the day."""
    broker = _broker(facts)
    needed = [(broker.active, N_("%(broker)s is not active (since %(day)s)")), (broker.agreements, N_("%(broker)s has no agreement in force (since %(day)s)"))]
    if broker.kind == PersonKind.PERSON:
        needed.insert(1, (broker.licences, N_("%(broker)s has no licence in force (since %(day)s)")))
    for spells, message in needed:
        if not on(spells, day):
            gone = last_end(spells, day)
            return Reason(message, {"broker": broker.broker_no, "day": str(gone) if gone else "–"}, gone or FIRST_DAY)
    return None


def conduct(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """Nothing forbidden is on record against the broker."""
    broker = _broker(facts)
    if found := broker.entered(FactKind.CONDUCT, day):
        return Reason(N_("recorded against %(broker)s: %(what)s"), {"broker": broker.broker_no, "what": ", ".join(spell.says for spell in found)}, since(found))
    return None


def reportable(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The broker had neither more clients nor more client equity at month end than are left unreported (over, not at)."""
    broker = _broker(facts)
    end = broker.month_end
    if end is None or (end.clients <= int(parameters["clients"]) and end.equity <= int(parameters["equity_fen"])):
        return None
    values = {"broker": broker.broker_no, "clients": end.clients, "equity_fen": end.equity, "day": str(end.day), "due": str(end.report_due_on or "–")}
    return Reason(N_("%(broker)s had %(clients)s clients with %(equity_fen)s on %(day)s: report due %(due)s"), values, end.day)


def call_outstanding(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The confirmation call was made by the day on which it was due."""
    if facts.state != "pending" or facts.call_due_on is None or day <= facts.call_due_on:
        return None
    return Reason(N_("the confirmation call to %(account)s was due on %(day)s"), {**_both(facts), "day": str(facts.call_due_on)}, facts.since)


def thanks_only(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """A referring client is not paid in money."""
    return Reason(N_("a referring client is thanked, never paid in money"), {}, FIRST_DAY) if facts.pays_cash else None


def claimed_in_month(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The claim was filed no later than in the month in which the account was opened."""
    opened, claimed = _client(facts).opened_on, facts.claimed_on
    if opened is None or claimed is None or (claimed.year, claimed.month) <= (opened.year, opened.month):
        return None
    return Reason(N_("the claim of %(claimed)s came after the month in which the account was opened (%(opened)s)"), {"claimed": str(claimed), "opened": str(opened)}, claimed)


def graded(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """An open account's client has a risk capacity."""
    client = _client(facts)
    if client.grade or (client.closed_on is not None and client.closed_on <= day):
        return None
    return Reason(N_("the client of %(account)s has no risk capacity on record"), {"account": client.account_no}, client.opened_on or FIRST_DAY)


def test_fresh(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The newest test of an open account's client has not run out."""
    client = _client(facts)
    if client.test_until is None or day <= client.test_until or (client.closed_on is not None and client.closed_on <= day):
        return None
    return Reason(N_("the suitability test of %(account)s ran out on %(day)s"), {"account": client.account_no, "day": str(client.test_until)}, client.test_until)


def risk_within_grade(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The product's risk (R1 to R5) is no higher than the grade (C1 to C5) allows."""
    client, risk = _client(facts), str(parameters["product_risk"])
    if not client.grade or client.grade[1:] >= risk[1:]:
        return None
    return Reason(N_("the product's risk %(risk)s is above what the grade %(grade)s allows"), {"risk": risk, "grade": client.grade}, FIRST_DAY)


def not_pushed(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """Nobody of the lowest class is approached."""
    client = _client(facts)
    if client.grade != parameters["lowest"]:
        return None
    return Reason(N_("a person of the class %(grade)s is not approached"), {"grade": client.grade}, FIRST_DAY)


def file_kept(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """A client's file is old enough to be erased: so many years after its last account closed."""
    client = _client(facts)
    until = OPEN_END if client.closed_on is None else months_later(client.closed_on, 12 * int(parameters["years"]))
    if day >= until:
        return None
    said = "–" if until == OPEN_END else str(until)
    return Reason(N_("the file of %(account)s is kept until %(day)s: it may be restricted, not erased"), {"account": client.account_no, "day": said}, client.opened_on or FIRST_DAY)


def lead_time_over(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """A lead that never opened an account still has its time: until then it is not erased, from then on it must be."""
    if facts.lead_idle_until is None or day > facts.lead_idle_until:
        return None
    return Reason(N_("the lead is kept until %(day)s"), {"day": str(facts.lead_idle_until)}, FIRST_DAY)


def registered(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """US: the broker is registered, by a licence or a recorded registration."""
    broker = _broker(facts)
    if on(broker.licences, day) or broker.entered(FactKind.REGISTRATION, day):
        return None
    return Reason(N_("%(broker)s is not registered as an introducing broker"), {"broker": broker.broker_no}, last_end(broker.licences, day) or FIRST_DAY)


def guarantee_notice(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """US: a guarantee agreement names a notice of at least so many days (recorded as the number of days)."""
    broker = _broker(facts)
    short = [spell for spell in broker.entered(FactKind.GUARANTEE, day) if not spell.says.isdigit() or int(spell.says) < int(parameters["days"])]
    if not short:
        return None
    values = {"broker": broker.broker_no, "days": short[0].says, "least": parameters["days"]}
    return Reason(N_("the guarantee of %(broker)s ends with %(days)s days' notice; at least %(least)s are needed"), values, since(short))


def disclosed_before_opening(facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """US: the client signed the risk disclosure before the account was opened."""
    client = _client(facts)
    signed = client.recorded.get(FactKind.RISK_DISCLOSURE, ())
    opened = client.opened_on or day
    if any(spell.start <= opened for spell in signed):
        return None
    return Reason(N_("no risk disclosure signed before opening is on record for %(account)s"), {"account": client.account_no}, client.opened_on or FIRST_DAY)


def _broker(facts: Facts) -> BrokerFacts:
    assert facts.broker is not None, "this check is about a broker"
    return facts.broker


def _client(facts: Facts) -> ClientFacts:
    assert facts.client is not None, "this check is about a client"
    return facts.client


def _both(facts: Facts) -> dict[str, str]:
    return {"account": _client(facts).account_no, "broker": _broker(facts).broker_no}


def _tied(facts: Facts, day: date, parameters: Mapping[str, Any], message: str) -> Reason | None:
    found = [spell for spell in on(facts.ties, day) if spell.says in parameters["relations"]]
    return Reason(message, {**_both(facts), "relation": found[0].says}, max(since(found), facts.since)) if found else None


CHECKS: dict[str, Check] = {
    "person_or_licensed": Check("broker", person_or_licensed),
    "bound_elsewhere": Check("broker", bound_elsewhere),
    "not_staff": Check("broker", not_staff),
    "lapsed": Check("broker", lapsed),
    "conduct": Check("broker", conduct),
    "reportable": Check("broker", reportable),
    "registered": Check("broker", registered),
    "guarantee_notice": Check("broker", guarantee_notice),
    "family": Check("pair", family),
    "insider": Check("pair", insider),
    "own_account": Check("pair", own_account),
    "call_outstanding": Check("pair", call_outstanding),
    "disclosed_before_opening": Check("pair", disclosed_before_opening),
    "graded": Check("client", graded),
    "test_fresh": Check("client", test_fresh),
    "risk_within_grade": Check("client", risk_within_grade),
    "not_pushed": Check("client", not_pushed),
    "file_kept": Check("client", file_kept),
    "claimed_in_month": Check("other", claimed_in_month),
    "thanks_only": Check("other", thanks_only),
    "lead_time_over": Check("other", lead_time_over),
}
"""Every check by the name that a rule uses."""


def applied(name: str, facts: Facts, day: date, parameters: Mapping[str, Any]) -> Reason | None:
    """The reason that a check gives; none where the facts do not hold whom it is about."""
    check = CHECKS[name]
    if (check.about in {"pair", "broker"} and facts.broker is None) or (check.about in {"pair", "client"} and facts.client is None):
        return None
    return check.run(facts, day, parameters)
