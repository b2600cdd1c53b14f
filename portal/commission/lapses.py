"""What of a broker's is about to lapse: his agreement, his licence, his attributions; and what stands now."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from models import db
from models.columns import OPEN_END
from models.commission import Agreement, Plan, PlanVersion
from models.partners import Broker, BrokerState, BrokerStatus, BrokerVersion, Licence, PersonKind
from portal.versions import current

AHEAD = timedelta(days=90)
"""So many days before its end a thing is said to lapse soon."""


class What(enum.StrEnum):
    """What has an end."""

    AGREEMENT = "agreement"
    LICENCE = "licence"
    PLAN = "plan"
    ATTRIBUTION = "attribution"


@dataclass(frozen=True)
class Lapse:
    """Something that ends: `first_without` is the first day on which it no longer counts; `name` is its number or code, or the account.

    `ended`: on the day asked for it does not count any more, and nothing took its place.
    """

    what: What
    name: str
    first_without: date
    ended: bool = False


@dataclass(frozen=True)
class Standing:
    """Everything dated about a broker, as known now, the newest first."""

    name: str
    person: bool
    branch_id: int
    statuses: list[BrokerStatus]
    licences: list[Licence]
    agreements: list[tuple[Agreement, str]]
    versions: list[PlanVersion]

    def status_on(self, day: date) -> str:
        """The broker's status on a day; `ended` where none is known."""
        return next((str(row.status) for row in self.statuses if row.valid_from <= day < row.valid_to), BrokerState.ENDED.value)

    def agreement_on(self, day: date) -> tuple[Agreement, str] | None:
        """The agreement of a day with its plan's code."""
        return next(((row, code) for row, code in self.agreements if row.valid_from <= day < row.valid_to), None)

    def version_on(self, day: date) -> PlanVersion | None:
        """The plan version that counts on a day."""
        agreed = self.agreement_on(day)
        return next((row for row in self.versions if agreed and row.plan_id == agreed[0].plan_id and row.valid_from <= day < row.valid_to), None)


def standing_of(broker: Broker) -> Standing:
    """What is dated about a broker, as known now."""
    version = db.session.execute(current(BrokerVersion, None, BrokerVersion.broker_id == broker.id)).scalar_one()
    agreed = db.session.execute(current(Agreement, None, Agreement.broker_id == broker.id).order_by(Agreement.valid_from.desc())).scalars().all()
    plans = {row.id: row.plan_code for row in db.session.execute(select(Plan).where(Plan.id.in_([row.plan_id for row in agreed]))).scalars()}
    versions = db.session.execute(current(PlanVersion, None, PlanVersion.plan_id.in_(list(plans))).order_by(PlanVersion.valid_from.desc())).scalars().all()
    return Standing(
        version.name,
        version.kind == PersonKind.PERSON,
        version.branch_id,
        list(db.session.execute(current(BrokerStatus, None, BrokerStatus.broker_id == broker.id).order_by(BrokerStatus.valid_from.desc())).scalars()),
        list(db.session.execute(current(Licence, None, Licence.broker_id == broker.id).order_by(Licence.valid_from.desc(), Licence.licence_no)).scalars()),
        [(row, plans[row.plan_id]) for row in agreed],
        list(versions),
    )


def lapses(standing: Standing, attributions: list[tuple[str, date, date]], day: date) -> list[Lapse]:
    """What lapses within AHEAD of a day or did already, the soonest first. `attributions` are (account_no, from, to) of the broker's rows.

    A span that goes on in another one (of the same licence holder, agreement or account) does not lapse.
    """
    found = _ends(What.AGREEMENT, {"": [(row.valid_from, row.valid_to, code) for row, code in standing.agreements]}, day)
    if standing.person:
        found += _ends(What.LICENCE, {"": [(row.valid_from, row.valid_to, row.licence_no) for row in standing.licences]}, day)
    agreed = standing.agreement_on(day)
    if agreed:
        found += _ends(What.PLAN, {"": [(row.valid_from, row.valid_to, agreed[1]) for row in standing.versions if row.plan_id == agreed[0].plan_id]}, day)
    by_account: dict[str, list[tuple[date, date, str]]] = {}
    for account_no, first, end in attributions:
        by_account.setdefault(account_no, []).append((first, end, account_no))
    held = {account: spans for account, spans in by_account.items() if any(first <= day < end for first, end, _ in spans)}
    found += _ends(What.ATTRIBUTION, held, day)
    return sorted(found, key=lambda one: (one.first_without, one.what, one.name))


def _ends(what: What, groups: dict[str, list[tuple[date, date, str]]], day: date) -> list[Lapse]:
    found = []
    for spans in groups.values():
        end, name = _covered_until(spans, day)
        if end != OPEN_END and end <= day + AHEAD:
            found.append(Lapse(what, name, end, ended=end <= day))
    return found


def _covered_until(spans: list[tuple[date, date, str]], day: date) -> tuple[date, str]:
    """The first day that nothing covers, from the last span begun by `day` on; OPEN_END where nothing ever began or nothing ends."""
    begun = [span for span in spans if span[0] <= day]
    if not begun:
        return OPEN_END, ""
    end, name = max((end, name) for _first, end, name in begun)
    for first, later, its_name in sorted(spans):
        if first <= end < later:
            end, name = later, its_name
    return end, name
