"""Making one file of many statements: with progress, stopped when somebody asks, kept for a week for who asked."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from models.values.calendar import Month
from portal import clock
from portal.audit import log
from portal.commission import packs
from portal.commission.packs import Wanted
from portal.documents import statement_zip
from portal.jobs.handlers import Work, handler
from portal.lists import kept
from portal.notices.kinds import N_
from portal.transaction import transaction

MONTH, OWN = "statements.month", "statements.own"
"""The kinds of the jobs. Arguments: locale, first and last (the same month for MONTH)."""


@handler(MONTH)
def month_job(work: Work) -> dict[str, Any]:
    """Every statement of a closed month, for finance. Done twice, it is made once."""
    return _made(work, "statement_packs.month", lambda: packs.of_month(work.arguments["first"], work.actor))


@handler(OWN)
def own_job(work: Work) -> dict[str, Any]:
    """A broker's own statements of some months. Done twice, it is made once."""
    first, last = Month.parse(work.arguments["first"]), Month.parse(work.arguments["last"])
    return _made(work, "statement_packs.own", lambda: packs.own(first, last, work.actor))


def _made(work: Work, endpoint: str, wanted: Callable[[], Sequence[Wanted]]) -> dict[str, Any]:
    made = kept.of_job(work.public_id)
    if made is not None:
        return {"export": made.public_id}
    found, locale = wanted(), work.arguments["locale"]
    months = sorted({one.period for one in found})
    span = months[0] if len(months) == 1 else f"{months[0]}_{months[-1]}"
    name = f"statements-{span}.zip" if endpoint.endswith("month") else f"statements-{found[0].broker_no}-{span}.zip"
    with tempfile.TemporaryDirectory() as folder, force_locale(locale):
        target = Path(folder) / "statements.zip"
        files = statement_zip.write(target, found, locale, lambda done, total: work.progress(N_("Writing the statements"), done, total))
        with target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-._") else "_" for letter in name)
        said = {"endpoint": endpoint, "address": f"/commission/statements?period={months[-1]}", "title": str(_("Statements")), "name": plain[:120], "form": "zip", "columns": []}
        moment = clock.now()
        with transaction():
            row = kept.keep(work.actor, moment, target, job=work.public_id, rows=len(found), **said)
            after = {"statements": len(found), "files": files, "form": "zip", "digest": digest}
            log.write(work.actor, moment, "statements.taken_out", "month", span, after=after)
            number = row.public_id
    return {"export": number, "rows": len(found)}
