"""Signals in words: what each says, its evidence as a sentence, and what is never read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.web.formats import number_text, yuan_text

KINDS = {
    "agreement_ends": _l("Agreement ends"),
    "licence_ends": _l("Licence ends"),
    "no_sign_in": _l("Signs in no more"),
    "no_lead": _l("No new leads"),
    "no_contact": _l("Speaks with no client"),
    "withdrawals": _l("Clients withdraw"),
    "silent_clients": _l("Clients fall silent"),
    "fee_requests": _l("Requests for lower fees"),
    "look_ups": _l("Unusual look-ups"),
    "exports": _l("Unusual exports"),
}
"""The kinds of signals, shortly."""
WHO = {"staff": _l("Staff"), "broker": _l("Broker")}


def evidence_text(kind: str, said: Mapping[str, Any]) -> str:
    """The evidence of a signal as a sentence that judges nobody: figures, days, and what is usual."""
    if kind in ("agreement_ends", "licence_ends"):
        return _ending(kind, said)
    if kind in ("no_sign_in", "no_lead", "no_contact"):
        return _silent(kind, said)
    if kind in ("withdrawals", "silent_clients", "fee_requests"):
        return _cluster(kind, said)
    if kind == "exports":
        return str(_("%(count)s rows of lists of clients or leads were taken out in seven days; the busiest of the %(weeks)s weeks before had %(busiest)s.", **_numbers(said)))
    return str(_("%(count)s look-ups of clients or leads in seven days; the busiest of the %(weeks)s weeks before had %(busiest)s.", **_numbers(said)))


def _ending(kind: str, said: Mapping[str, Any]) -> str:
    if kind == "agreement_ends":
        return str(_("The agreement ends on %(day)s, in %(days)s days, and none follows it.", day=said["ends_on"], days=said["days"]))
    return str(_("The licence ends on %(day)s, in %(days)s days, and none follows it.", day=said["ends_on"], days=said["days"]))


def _silent(kind: str, said: Mapping[str, Any]) -> str:
    first = {
        "no_sign_in": _("Last signed in on %(day)s, %(days)s days ago.", day=said["last_on"], days=said["days"]),
        "no_lead": _("The last new lead was registered on %(day)s, %(days)s days ago.", day=said["last_on"], days=said["days"]),
        "no_contact": _("Last spoke with a client on %(day)s, %(days)s days ago.", day=said["last_on"], days=said["days"]),
    }[kind]
    habit = _("In the year before it was on %(deeds)s days, usually every %(usual)s, and never with a pause of more than %(longest)s days.", **_numbers(said))
    return f"{first} {habit}"


def _cluster(kind: str, said: Mapping[str, Any]) -> str:
    if kind == "withdrawals":
        first = _(
            "%(hit)s of %(of)s clients took out 30 %% or more of their equity within 30 days, %(amount)s together.",
            hit=said["hit"], of=said["of"], amount=yuan_text(said["amount"]),
        )  # fmt: skip
    elif kind == "fee_requests":
        first = _(
            "Within 30 days lower fees were asked for %(hit)s of %(of)s clients who trade; for %(by_broker)s of them the broker asked.",
            **_numbers({name: said[name] for name in ("hit", "of", "by_broker")}),
        )
    else:
        first = _("%(hit)s of %(of)s clients who were used to trade have not traded for 30 days.", hit=said["hit"], of=said["of"])
    usual = _(
        "90 days before it was %(before_hit)s of %(before_of)s of these clients; of all other clients of the firm it is %(others_hit)s of %(others_of)s now.",
        **_numbers({name: said[name] for name in ("before_hit", "before_of", "others_hit", "others_of")}),
    )
    return f"{first} {usual} {_chance(said['chance_ppm'])}"


def _chance(millionths: int) -> str:
    if millionths < 1:
        return str(_("Chance alone brings that about less than once in a million times."))
    return str(_("Chance alone brings that about once in %(times)s times.", times=number_text(1_000_000 // millionths)))


def _numbers(said: Mapping[str, Any]) -> dict[str, str]:
    return {name: number_text(value) for name, value in said.items() if isinstance(value, int)}
