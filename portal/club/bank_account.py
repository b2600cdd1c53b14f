"""The account that members are told to transfer to. It is set by two people: who changes it unseen could have all money sent elsewhere."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import select

from models import db
from models.audit import Approval
from models.club_bank import BankAccount
from portal.actors import Actor
from portal.audit import approvals, log
from portal.fields import one_line
from portal.notices.kinds import N_
from portal.permissions import Can
from portal.refusals import Conflict, Refusal

ACCOUNT = "club.bank_account"
"""What waits for a second person."""
LONGEST = 120
_NUMBER = re.compile(r"[0-9][0-9 \-]{6,38}[0-9]")


def present() -> BankAccount | None:
    """The account that counts now; None where no transfers are taken."""
    row = newest()
    return row if row is not None and row.company else None


def newest() -> BankAccount | None:
    """What was set last, also where it says that no transfers are taken."""
    return db.session.execute(select(BankAccount).order_by(BankAccount.id.desc()).limit(1)).scalar_one_or_none()


def propose(company: str, bank: str, account_no: str, *, actor: Actor, moment: datetime) -> Approval:
    """Put an account before a second person; all three empty: no transfers are taken any more. Raises NotAllowed; Refusal where something
    is missing or is no account number; Conflict where it is this one already."""
    actor.need(Can.CLUB_MONEY)
    wanted = {name: one_line(text) for name, text in (("company", company), ("bank", bank), ("bank_account_no", account_no))}
    if any(wanted.values()) and not (all(wanted.values()) and all(len(text) <= LONGEST for text in wanted.values())):
        raise Refusal("an account has a company name, a bank and a number; leave all three empty to take no transfers")
    if any(wanted.values()) and not _NUMBER.fullmatch(wanted["bank_account_no"]):
        raise Refusal("an account number has 8 to 40 digits")
    now = newest()
    if _plain(now) == wanted:
        raise Conflict("this is the account already: nothing would change")
    preview = {**wanted, "before": ", ".join(text for text in _plain(now).values() if text) or "–"}
    payload = {**wanted, "follows": now.id if now is not None else 0}
    return approvals.prepare(actor, moment, kind=ACCOUNT, subject=wanted["company"] or "–", payload=payload, preview=preview)


def _plain(row: BankAccount | None) -> dict[str, str]:
    return {"company": row.company, "bank": row.bank, "bank_account_no": row.account_no} if row is not None else {"company": "", "bank": "", "bank_account_no": ""}


def change(approval: Approval, approver: Actor, moment: datetime) -> None:
    """A second person let an account through: it counts from now on; who ordered before was told the other one. Raises Conflict where
    another was set since."""
    wanted: dict[str, Any] = approval.payload
    now = newest()
    if (now.id if now is not None else 0) != wanted["follows"]:
        raise Conflict("the account was changed since this was prepared: prepare it anew")
    row = BankAccount(company=wanted["company"], bank=wanted["bank"], account_no=wanted["bank_account_no"], since=moment)
    row.prepared_label, row.approved_label = approval.prepared_label, approver.label
    db.session.add(row)
    db.session.flush()
    log.write(approver, moment, "club.bank_account_set", "club_bank_account", str(row.id), before=_plain(now), after=_plain(row))


approvals.register(ACCOUNT, Can.CLUB_MONEY, change, label=N_("Account that transfers go to"))
