"""A reference firm as its readers find it on an evening: the month closed and published, and somebody of each kind who reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from models import db
from models.attribution import Attribution
from models.clients import Account, AccountVersion
from models.commission import MonthClose, RunStatement
from models.identity import Role
from models.partners import Broker
from portal import clock
from portal.commission import publication
from portal.transaction import lock_months, transaction
from tests.bench import product
from tests.bench.make_firm import DAYS
from tests.people import someone

BROKER, CLIENT, ADMIN = "reads.broker@example.com", "reads.client@example.com", "reads.admin@example.com"


@dataclass(frozen=True)
class Published:
    """Where the firm lies: its folder and its database's address ("" for the file in that folder)."""

    instance: str
    database: str


@contextmanager
def published_firm(size: str, database: str) -> Iterator[Published]:
    """Make firm S or M, close and publish its month, and add the broker with the most lines, a client of his, and an administrator."""
    with product.opened(size, database) as firm:
        for index in range(len(DAYS)):
            firm.import_paths(firm.day_files(index))
        product.preview(firm)
        product.close(firm)
        with transaction():
            lock_months()
            digest = db.session.execute(select(MonthClose.digest)).scalar_one()
            publication.publish(str(product.PERIOD), digest, product.person(product.PEOPLE[0]), clock.now())
        product.keep_windows(firm)
        broker_no, client_no = _readers()
        someone(firm.app, Role.BROKER, email=BROKER, broker_no=broker_no)
        someone(firm.app, Role.CLIENT, email=CLIENT, client_no=client_no)
        someone(firm.app, Role.ADMIN, email=ADMIN)
        settings = firm.app.config["PORTAL"]
        yield Published(settings.instance, settings.database_url)


def _readers() -> tuple[str, str]:
    most = select(RunStatement.broker_id).order_by(RunStatement.lines.desc()).limit(1)
    broker = db.session.get_one(Broker, db.session.execute(most).scalar_one())
    own = select(AccountVersion.client_no).join(Account, Account.id == AccountVersion.account_id).join(Attribution, Attribution.account_id == Account.id)
    client_no = db.session.execute(own.where(Attribution.broker_id == broker.id).order_by(Account.account_no).limit(1)).scalar_one()
    db.session.remove()
    return broker.broker_no, client_no
