"""Segments of the demonstration firm: what its people would save."""

from __future__ import annotations

from datetime import datetime

from models.segments import Shared
from portal.clients import segment_keeping
from portal.clients.segments import Conditions
from portal.demo.signed_in import acting

KEPT = (
    ("admin@example.com", "大客户三个月未联系", Conditions(equity_from=100_000_000, no_contact_for=90), Shared.FIRM),
    ("admin@example.com", "新开户一年内", Conditions(age_to=11), Shared.FIRM),
    ("manager@example.com", "贡献大但一个月未成交", Conditions(fee_from=500_000, no_trade_for=30), Shared.BRANCH),
    ("staff@example.com", "机构客户", Conditions(kind="institution"), Shared.NOBODY),
)


def add_segments(moment: datetime) -> int:
    """Save them, inside the open transaction. Returns how many."""
    for email, name, wanted, shared in KEPT:
        segment_keeping.keep(name, wanted, shared, acting(email), moment)
    return len(KEPT)
