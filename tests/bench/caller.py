"""What a call costs: `python -m tests.bench.caller --size S [--database URL] [--rounds N]`.

A reference firm with one settled day and four contacts for each account; then callers by evenly spread numbers, as an administrator
sees the page, in the process itself. Prints the median and the 95th of a hundred by the clock (budget on M: 50 ms), and by the
processor, which a machine with other work beside does not change.
"""

from __future__ import annotations

import argparse
import time
from datetime import timedelta

from sqlalchemy import func, insert, literal, select

from models import db
from models.care import Contact
from models.clients import Account
from models.identity import Role
from models.partners import Staff
from portal import clock
from portal.transaction import transaction
from tests.bench import product
from tests.bench.__main__ import versions
from tests.bench.sizes import SIZES
from tests.people import seat, someone

EACH = 4


def add_contacts(firm: product.Product) -> int:
    """Contacts of every account over the last year, made in the database itself."""
    columns = ("account_id", "staff_id", "at", "channel", "outcome", "note", "recorded_at")
    with firm.app.app_context():
        with transaction():
            staff = db.session.execute(select(func.min(Staff.id))).scalar_one()
            for place in range(EACH):
                at = literal(clock.now() - timedelta(days=90 * place), Contact.at.type)
                rows = select(Account.id, literal(staff), at, literal("call"), literal("reached"), literal("asked about the market"), at)
                db.session.execute(insert(Contact).from_select(columns, rows))
        count = db.session.execute(select(func.count()).select_from(Account)).scalar_one()
        db.session.remove()
    return int(count)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.caller", description=__doc__)
    options.add_argument("--size", choices=sorted(SIZES), default="S")
    options.add_argument("--database", default="")
    options.add_argument("--rounds", type=int, default=300)
    given = options.parse_args()
    with product.opened(given.size, given.database) as firm:
        firm.import_paths(firm.day_files(0))
        count = add_contacts(firm)
        client = seat(firm.app, someone(firm.app, Role.ADMIN))
        client.get("/desk/caller?number=19920000000")
        times, busy = [], []
        for place in range(given.rounds):
            begun, worked = time.perf_counter(), time.process_time()
            answer = client.get(f"/desk/caller?number=1992{place * count // given.rounds:07}")
            times.append((time.perf_counter() - begun) * 1000)
            busy.append((time.process_time() - worked) * 1000)
            assert answer.status_code == 200, answer.text
            assert "C" in answer.text
    times.sort()
    busy.sort()
    print("\n".join(versions(given.database)))
    where = "PostgreSQL" if given.database else "SQLite"
    print(
        f"firm {given.size} on {where}, {count} accounts, {EACH * count} contacts: median {times[len(times) // 2]:.1f} ms, 95th {times[len(times) * 95 // 100]:.1f} ms of {given.rounds}; "
        f"processor's time without a database's own: median {busy[len(busy) // 2]:.1f} ms, 95th {busy[len(busy) * 95 // 100]:.1f} ms"
    )


if __name__ == "__main__":
    main()
