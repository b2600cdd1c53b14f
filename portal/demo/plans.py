"""The demonstration firm's commission plans, as its plans file holds them. No overrides: the rule set CN does not allow them."""

from __future__ import annotations

from typing import Any

Version = dict[str, Any]

TAX = {"name": "增值税及附加", "rate": "0.0672"}
FUND = {"name": "投资者保障基金", "rate": "0.0008"}
RISK = {"name": "风险准备金", "rate": "0.05"}


def version(
    components: list[dict[str, Any]],
    deductions: list[dict[str, str]],
    *,
    since: str = "2021-01-01",
    until: str = "",
    cap: str | None = None,
    guarantee: str | None = None,
    reserve: tuple[str, str] | None = None,
) -> Version:
    """One version of a plan in the form of plans.json; `reserve` is (rate, months)."""
    held = {"rate": reserve[0], "months": reserve[1]} if reserve else None
    return {"valid_from": since, "valid_to": until, "deductions": deductions, "components": components, "overrides": [], "cap": cap, "guarantee": guarantee, "reserve": held}


def tiers(measure: str, mode: str, *steps: tuple[str, str]) -> dict[str, Any]:
    """A tiered retained-fee component."""
    return {"kind": "retained_fee", "tiers": {"measure": measure, "mode": mode, "steps": [list(step) for step in steps]}}


def flat(rate: str) -> dict[str, Any]:
    """A retained-fee component with one rate."""
    return {"kind": "retained_fee", "rate": rate}


PER_LOT = {"SHFE.rb": "0.30", "SHFE.au": "2.00", "DCE.m": "0.35", "DCE.i": "1.20", "CZCE.SR": "0.50", "CFFEX.IF": "6.00", "CFFEX.IM": "6.00", "*": "0.40"}


def plan(code: str, name: str, *versions: Version) -> dict[str, Any]:
    """A plan in the form of plans.json."""
    return {"code": code, "name": name, "versions": list(versions)}


PLANS: list[dict[str, Any]] = [
    plan("FLAT", "固定比例", version([flat("0.50")], [TAX, FUND], until="2026-04-01"), version([flat("0.48")], [TAX, FUND], since="2026-04-01")),
    plan("STEPS", "超额累进", version([tiers("retained_fee", "marginal", ("0", "0.40"), ("3000", "0.50"), ("10000", "0.58"))], [TAX, FUND])),
    plan("LOTS", "按手数全额累进", version([tiers("lots", "whole", ("0", "0.38"), ("600", "0.46"), ("2000", "0.54"))], [TAX])),
    plan("EQUITY", "按日均权益全额累进", version([tiers("average_equity", "whole", ("500000", "0.35"), ("3000000", "0.45"), ("12000000", "0.55"))], [TAX, FUND])),
    plan("PERLOT", "按手计酬", version([{"kind": "per_lot", "rates": PER_LOT}], [])),
    plan("TURNOVER", "成交额加留存", version([flat("0.20"), {"kind": "turnover", "rate": "0.0000035"}], [TAX, FUND])),
    plan("BOUNDED", "保底封顶", version([flat("0.60")], [TAX, FUND, RISK], cap="3000.00", guarantee="1500.00")),
    plan("RESERVE", "留存比例加风险金", version([flat("0.55")], [TAX, FUND, RISK], reserve=("0.10", "3"))),
    plan("OLD", "机构旧约(留存加权益)", version([flat("0.30"), {"kind": "equity", "annual_rate": "0.0020", "day_count": "360"}], [TAX], since="2018-01-01")),
]
"""About half of the brokers are on FLAT; the rest show what else the field agrees on."""

MIX = ("FLAT", "STEPS", "FLAT", "LOTS", "FLAT", "EQUITY", "FLAT", "PERLOT", "FLAT", "TURNOVER", "FLAT", "BOUNDED", "FLAT", "RESERVE")
"""The plans of the first fourteen brokers, then again from the beginning."""
