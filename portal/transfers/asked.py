"""What somebody asks to be transferred, checked before anything is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from models.transfers import TransferKind, TransferReason
from models.values.calendar import NotADate, parse_day
from portal.refusals import Refusal

MOST_ACCOUNTS = 5_000
"""Accounts named one by one; a whole book has no limit."""


@dataclass(frozen=True)
class Asked:
    """A transfer as asked. Brokers by number, empty for the house; `accounts` by number (of a book they follow from the broker).

    `confirmed_on` is the day of a confirmation call that was made already: without it the new owner's share is pending until one
    is. `servicer` is the staff number that looks after the accounts from then on, empty where nothing changes; with `downline`
    the brokers directly below the old owner come below the new one.
    """

    kind: TransferKind
    from_broker: str
    to_broker: str
    day: date
    reason: TransferReason
    evidence: str
    note: str = ""
    accounts: tuple[str, ...] = ()
    confirmed_on: date | None = None
    servicer: str = ""
    downline: bool = False

    def checked(self) -> Asked:
        """The same with its accounts in order. Raises Refusal where it has no answer."""
        if self.from_broker == self.to_broker:
            raise Refusal("a transfer leads to somebody else: choose another new owner")
        if self.kind is TransferKind.BOOK and not self.from_broker:
            raise Refusal("the house has no book to hand over: name the accounts")
        if self.kind is not TransferKind.BOOK and not self.accounts:
            raise Refusal("name at least one account")
        if len(self.accounts) > MOST_ACCOUNTS:
            raise Refusal("name at most %(most)s accounts, or hand over the whole book", most=MOST_ACCOUNTS)
        if self.downline and not (self.kind is TransferKind.BOOK and self.to_broker):
            raise Refusal("brokers below come along with a whole book only, and only to another broker")
        if not self.evidence.strip():
            raise Refusal("say where the evidence is: a letter, a form, a case")
        return replace(self, accounts=tuple(sorted(set(self.accounts), key=str.encode)))

    def plain(self) -> dict[str, Any]:
        """The same as plain JSON."""
        return asdict(self) | {"day": str(self.day), "confirmed_on": str(self.confirmed_on or ""), "accounts": list(self.accounts)}


def from_plain(values: Mapping[str, Any]) -> Asked:
    """A transfer from plain JSON. Raises Refusal for a word or a date that is none."""
    try:
        return Asked(
            kind=TransferKind(values["kind"]),
            from_broker=values["from_broker"],
            to_broker=values["to_broker"],
            day=parse_day(values["day"]),
            reason=TransferReason(values["reason"]),
            evidence=values["evidence"],
            note=values.get("note", ""),
            accounts=tuple(values.get("accounts", ())),
            confirmed_on=parse_day(values["confirmed_on"]) if values.get("confirmed_on") else None,
            servicer=values.get("servicer", ""),
            downline=bool(values.get("downline")),
        )
    except (ValueError, NotADate) as error:
        raise Refusal("this is no transfer: %(what)s", what=str(error)[:200]) from error
