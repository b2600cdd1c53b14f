"""Which kinds of events there are. A kind keeps its name and what its details hold for ever: programs read them."""

from __future__ import annotations

from typing import NamedTuple

from portal.notices.kinds import N_

API_VERSION = "1"
"""What the events of these kinds keep to. A field may be added under it; none changes its meaning or goes."""


class Kind(NamedTuple):
    """A kind of event: what happened, as a sentence; what its number names; and details as they may look."""

    label: str
    thing: str
    number: str
    link: str
    details: dict[str, str | int | list[str]]


KINDS: dict[str, Kind] = {
    "day.settled": Kind(N_("A day is settled, or settled anew"), "day", "2026-11-20", "/imports/days/2026-11-20", {"version": 1}),
    "month.closed": Kind(N_("A month is closed"), "month", "2026-11", "/commission/months/2026-11", {}),
    "statement.published": Kind(
        N_("A broker’s statement is published"), "statement", "2026-11 B001", "/commission/statements/2026-11/B001", {"month": "2026-11", "broker_no": "B001"}
    ),
    "payout_batch.approved": Kind(N_("A payment run is approved"), "payout_batch", "2026-11-01", "/commission/payouts/2026-11-01", {"payments": 12}),
    "payout_batch.sent": Kind(N_("A payment run is handed to the bank"), "payout_batch", "2026-11-01", "/commission/payouts/2026-11-01", {"payments": 12}),
    "payout_batch.done": Kind(N_("The bank has answered to every payment of a run"), "payout_batch", "2026-11-01", "/commission/payouts/2026-11-01", {}),
    "payout.paid": Kind(N_("A payment is paid"), "payout", "P202611-01-0001", "/commission/payouts/2026-11-01", {"batch": "2026-11-01", "broker_no": "B001"}),
    "payout.returned": Kind(N_("A payment came back"), "payout", "P202611-01-0001", "/commission/payouts/2026-11-01", {"batch": "2026-11-01", "broker_no": "B001"}),
    "attribution.changed": Kind(N_("Attributions changed"), "recording", "123", "/attribution", {"accounts": 1, "first_accounts": ["80010001"]}),
    "lead.registered": Kind(N_("A lead is registered"), "lead", "L000001", "/leads/abc", {"door": "staff"}),
    "lead.decided": Kind(N_("A lead became a client, or ended"), "lead", "L000001", "/leads/abc", {"from": "suitability_passed", "to": "account_opened"}),
    "case.decided": Kind(N_("It is decided whose claim on a person counts"), "case", "C000001", "/cases/abc", {"state": "decided"}),
    "dispute.opened": Kind(N_("A broker asks about a line"), "dispute", "D000001", "/disputes/1", {"month": "2026-11", "broker_no": "B001"}),
    "dispute.answered": Kind(N_("A broker’s question is answered"), "dispute", "D000001", "/disputes/1", {"month": "2026-11", "broker_no": "B001", "outcome": "upheld"}),
    "departure.announced": Kind(N_("A departure is announced"), "departure", "DEP000001", "/departures/1", {"kind": "broker", "person_no": "B001"}),
    "booking.granted": Kind(N_("Somebody signed up for an event and has his seats"), "booking", "abc", "/club/desk/events/evening-1", {"event": "evening-1", "seats": 1}),
    "booking.cancelled": Kind(N_("Somebody’s seats at an event are given back"), "booking", "abc", "/club/desk/events/evening-1", {"event": "evening-1", "seats": 1}),
}
"""Every kind that an endpoint may want, in the order in which they are shown."""
TEST = "webhook.test"
"""The kind of a test: every endpoint takes it."""
ALL = {**KINDS, TEST: Kind(N_("A test"), "endpoint", "abc", "/admin/webhooks/abc", {})}
