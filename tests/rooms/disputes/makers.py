"""Disputes for the permission matrix, on the firm in tests/rooms/pages/firm.py."""

from __future__ import annotations

from sqlalchemy import select

from models import db
from models.commission import CommissionRun
from models.disputes import Dispute, DisputeState
from models.identity import User
from models.partners import Broker
from portal import clock
from portal.transaction import transaction
from tests.matrix import QUERY, Which, maker
from tests.rooms.pages.firm import ACCOUNTS, BROKERS, DAY, PERIOD


@maker("dispute_id")
def dispute_id(user: User | None, which: Which) -> str:
    """A question to a line of one's own broker, of another's, or none. Each is withdrawn, so that the next may be put."""
    if which == "missing":
        return "987654321"
    with transaction():
        broker = db.session.execute(select(Broker.id).where(Broker.broker_no == BROKERS[which])).scalar_one()
        run = db.session.execute(select(CommissionRun.id)).scalars().first()
        someone = db.session.execute(select(User.id).order_by(User.id)).scalars().first()
        assert run is not None
        assert someone is not None
        made = Dispute(
            broker_id=broker,
            period=PERIOD,
            kind="retained_fee",
            account_no=ACCOUNTS[which],
            trade_date=None,
            exchange="SHFE",
            product="rb",
            line_key="x",
            run_id=run,
            amount=1,
            evidence={"lines": [], "digest": ""},
            state=DisputeState.WITHDRAWN,
            opened_at=clock.now(),
            opened_by_id=someone,
            due_on=clock.now().date(),
            outcome="",
            granted=0,
        )
        db.session.add(made)
        db.session.flush()
        return str(made.id)


@maker(QUERY, "disputes.new")
def new(user: User | None, which: Which) -> str:
    """Which line is to be questioned."""
    return f"period={PERIOD}&broker={BROKERS[which]}&account={ACCOUNTS[which]}&date={DAY}&exchange=SHFE&product=rb&kind=retained_fee"


@maker("name", "disputes.broker_step")
def broker_step(user: User | None, which: Which) -> str:
    """A step of the broker's."""
    return "accept"


@maker("name", "disputes.desk_step")
def desk_step(user: User | None, which: Which) -> str:
    """A step of the firm's."""
    return "take"
