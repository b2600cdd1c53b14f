"""The plans of the reference firms: half flat, the rest tiers, per lot, turnover and equity; each pays three levels above."""

from __future__ import annotations

from typing import Any

OVERRIDES = ("0.05", "0.03", "0.02")
DEDUCTIONS = ("0.0672", "0.0008")


def _plan(code: str, *components: dict[str, Any]) -> dict[str, Any]:
    version = {
        "valid_from": "2025-01-01",
        "valid_to": "",
        "deductions": [{"name": "增值税及附加", "rate": DEDUCTIONS[0]}, {"name": "投资者保障基金", "rate": DEDUCTIONS[1]}],
        "components": list(components),
        "overrides": [{"level": level, "rate": rate} for level, rate in enumerate(OVERRIDES, 1)],
        "cap": None,
        "guarantee": None,
        "reserve": None,
    }
    return {"code": code, "name": code, "versions": [version]}


def _flat(rate: str) -> dict[str, Any]:
    return {"kind": "retained_fee", "rate": rate}


def _tiers(measure: str, mode: str, *steps: tuple[str, str]) -> dict[str, Any]:
    return {"kind": "retained_fee", "tiers": {"measure": measure, "mode": mode, "steps": [list(step) for step in steps]}}


PLANS = [
    _plan("FLAT1", _flat("0.50")),
    _plan("MARG", _tiers("retained_fee", "marginal", ("0", "0.40"), ("3000", "0.50"), ("30000", "0.58"))),
    _plan("FLAT2", _flat("0.45")),
    _plan("WFEE", _tiers("retained_fee", "whole", ("0", "0.35"), ("5000", "0.45"), ("20000", "0.55"))),
    _plan("FLAT3", _flat("0.55")),
    _plan("WLOTS", _tiers("lots", "whole", ("0", "0.35"), ("1000", "0.45"), ("5000", "0.55"))),
    _plan("FLAT4", _flat("0.4250")),
    _plan("WEQ", _tiers("average_equity", "whole", ("0", "0.30"), ("5000000", "0.42"), ("30000000", "0.55"))),
    _plan("FLAT5", _flat("0.60")),
    _plan("LOT", {"kind": "per_lot", "rates": {"SHFE.rb": "0.30", "CFFEX.IF": "5.00", "*": "0.12345678"}}),
    _plan("FLAT6", _flat("0.33333333")),
    _plan("TURN", _flat("0.20"), {"kind": "turnover", "rate": "0.0000035"}),
    _plan("FLAT7", _flat("0.48")),
    _plan("EQ", _flat("0.30"), {"kind": "equity", "annual_rate": "0.0025", "day_count": "360"}),
]
