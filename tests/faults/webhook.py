"""A worker that sends what waits for other systems, and is killed on the way: `python -m tests.faults.webhook INSTANCE DATABASE AT`.

AT is where kill -9 meets it: `sent`, the receiver has answered and nothing is written down; `lost`: the same with a planted fault, that
it was delivered is written down before anybody is spoken to.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping

from portal import clock, create_app
from portal.actors import TERMINAL
from portal.gateways.webhooks import carrier
from portal.jobs import webhooks as jobs
from portal.keys import keyring
from portal.transaction import transaction
from portal.webhooks import deliveries
from portal.webhooks.carrying import Answer, Carrier
from tests.faults.telling import die, settings


@dataclasses.dataclass(frozen=True)
class Dies:
    """Hands over, and dies before anybody hears of it."""

    carries: Carrier

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The last thing that this process does."""
        self.carries.post(url, headers, body)
        die()
        raise AssertionError


def main(instance: str, database: str, at: str) -> None:
    """Send, and die where one is told to."""
    app = create_app(dataclasses.replace(settings(instance, database), webhook_loopback=True))
    with app.app_context():
        if at == "lost":
            with transaction():
                [taken] = deliveries.claim(clock.now(), 8, [], keyring(), "")
                deliveries.ended(taken, Answer(200), clock.now(), 0.5, TERMINAL)
            die()
        jobs.send_due(Dies(carrier()))


if __name__ == "__main__":
    main(*sys.argv[1:])
