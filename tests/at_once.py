"""Several people at the same moment: each in a thread and a transaction of his own, let loose together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy.exc import DBAPIError

from models import db
from portal.refusals import Refusal
from portal.transaction import transaction


def at_once(app: Flask, *acts: Callable[[], Any]) -> list[str]:
    """How it ended for each, in the order of the acts: `done`, or the name of what it was refused with."""
    gate, answers = threading.Barrier(len(acts), timeout=60), [""] * len(acts)

    def one(place: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            gate.wait()
            try:
                with transaction():
                    act()
                answers[place] = "done"
            except (Refusal, DBAPIError) as error:
                answers[place] = type(error).__name__
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()  # what was read before knows nothing of it
    return answers
