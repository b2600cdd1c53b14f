"""Where a thing that was found is opened: the page whose address ends in its number, if there is one that the reader may open."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from werkzeug.routing import Rule

from portal.actors import Actor
from portal.web.guard import Door, policies

NUMBERS = {"account": "account_no", "broker": "broker_no", "staff": "staff_no", "branch": "branch_no", "plan": "plan_code", "month": "period"}
"""The parameter of an address that names a thing of each kind."""
HOMES = {"account": "/clients/", "broker": "/brokers/", "plan": "/plans/", "month": "/commission/months/"}
"""Where a thing has a page of its own beside others that speak of it."""


def page_for(actor: Actor, kind: str, number: str) -> str:
    """The address of a thing's own page, or empty where there is none for this reader."""
    rules = [rule for rule in current_app.url_map.iter_rules() if _is_of(rule, NUMBERS[kind]) and may_open(actor, rule.endpoint)]
    home = HOMES.get(kind, "/")
    shortest = min(rules, key=lambda rule: (not rule.rule.startswith(home), len(rule.rule), rule.rule), default=None)
    values: dict[str, Any] = {NUMBERS[kind]: number}
    return url_for(shortest.endpoint, **values) if shortest else ""


def may_open(actor: Actor, endpoint: str) -> bool:
    """Whether a page is registered and the reader holds all the rights that it asks for."""
    policy = policies(current_app).get(endpoint)
    return policy is not None and policy.door is Door.SIGNED_IN and all(actor.may(right) for right in policy.rights)


def _is_of(rule: Rule, parameter: str) -> bool:
    return rule.arguments == {parameter} and rule.rule.endswith(f"{parameter}>") and "GET" in (rule.methods or ()) and not rule.rule.startswith("/api/")
