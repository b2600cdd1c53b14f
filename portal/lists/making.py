"""Making a list's file: while the reader waits, or as a job with progress that can be stopped."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import force_locale

from models.lists import ExportFile
from portal import clock, local_day
from portal.actors import Actor
from portal.jobs.handlers import Work, handler
from portal.lists import kept
from portal.transaction import transaction
from portal.web import list_files
from portal.web.list_declared import list_at
from portal.web.list_files import Order, Step, no_step

EXPORT = "list.export"
"""The kind of the job. Arguments: address, form, columns, locale."""


def ordered(actor: Actor, address: str, form: str, columns: list[str]) -> Order:
    """What an address asks to be written. Raises NotFound, NotAllowed, Refusal."""
    page, asked, path = list_at(current_app, actor, address)
    return list_files.order(page, asked, page.source(asked), page.read(asked, path), form, columns)


def make(what: Order, actor: Actor, moment: datetime, *, job: str | None = None, step: Step = no_step, request_id: str = "") -> ExportFile:
    """Write the file, keep it and write it into the audit log, in one transaction."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "file"
        rows = list_files.write(target, what, actor, moment, local_day.zone(), step)
        with transaction():
            row = kept.keep(
                actor,
                moment,
                target,
                job=job,
                endpoint=what.page.endpoint,
                address=what.wanted.address(),
                title=str(what.page.title)[:200],
                name=f"{what.name}.{what.form}",
                form=what.form,
                columns=[one.key for one in what.fields],
                rows=rows,
            )
            list_files.record(what, actor, moment, rows, request_id=request_id)
            number = row.public_id
    return kept.one(actor, moment, number)


@handler(EXPORT)
def export_job(work: Work) -> dict[str, Any]:
    """Make a long list's file. Done twice, it is made once."""
    made = kept.of_job(work.public_id)
    if made is None:
        with force_locale(work.arguments["locale"]):
            work.progress("Counting the rows")
            what = ordered(work.actor, work.arguments["address"], work.arguments["form"], work.arguments["columns"])
            total = what.page.count(what.source, what.wanted)

            def step(done: int, doing: str = list_files.WRITING) -> None:
                work.progress(doing, done, total)

            made = make(what, work.actor, clock.now(), job=work.public_id, step=step)
    return {"export": made.public_id, "rows": made.rows}
