"""A person's copy as a file: everything as JSON and as pages to read, zipped, kept for a week for him alone."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from flask import render_template
from flask_babel import force_locale
from flask_babel import gettext as _

from portal import clock, local_day
from portal.audit import log
from portal.i18n import spoken
from portal.jobs.handlers import Work, handler
from portal.keys import keyring
from portal.lists import kept
from portal.personal.gather import Section, Subject, person_of, sections, subject_of
from portal.personal.sources import LEFT_OUT
from portal.personal.words import GROUPS
from portal.transaction import transaction
from portal.web.formats import moment_text

COPY = "personal.copy"
"""The kind of the job. Arguments: locale."""
PAGE = "own_data.index"
READABLE_ROWS = 200
"""So many rows of a table stand in the readable page; all of them in the JSON."""


@handler(COPY)
def copy_job(work: Work) -> dict[str, Any]:
    """Make the copy of who asked. Done twice, it is made once."""
    made = kept.of_job(work.public_id)
    if made is not None:
        return {"export": made.public_id}
    with force_locale(work.arguments["locale"]):
        subject, moment = subject_of(work.actor), clock.now()
        work.progress("Gathering what is held")
        found = list(sections(person_of(subject), keyring()))
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "copy.zip"
            write(target, subject, found, moment_text(moment, local_day.zone(), seconds=True))
            rows, name = sum(len(one.rows) for one in found), f"my-data-{local_day.day_of(moment).isoformat()}.zip"
            said = {"endpoint": PAGE, "address": "/me/data", "title": str(_("My data")), "name": name, "form": "zip", "columns": [], "rows": rows}
            with transaction():
                row = kept.keep(work.actor, moment, target, job=work.public_id, **said)
                after = {"rows": rows, "tables": len(found), "form": "zip"}
                log.write(work.actor, moment, "personal.copied", subject.kind, subject.number, after=after)
                number = row.public_id
    return {"export": number, "rows": rows}


def write(target: Path, subject: Subject, found: list[Section], when: str) -> None:
    """Write data.json and index.html into a zip archive; `when` is the moment of the copy in words."""
    tables = [{"source": one.table, "group": one.group, "columns": one.columns, "rows": one.rows} for one in found]
    whole = {"about": {"kind": subject.kind, "number": subject.number}, "made": when, "units": "amounts are whole fen of CNY", "tables": tables, "left_out": LEFT_OUT}
    groups: dict[str, list[Section]] = {}
    for one in found:
        groups.setdefault(one.group, []).append(one)
    ordered = {name: groups[name] for name in GROUPS if name in groups}
    page = render_template(
        "personal/readable.html", subject=subject, groups=ordered, titles=GROUPS, when=when, most=READABLE_ROWS, left_out=LEFT_OUT, language=spoken().replace("_", "-")
    )
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps(whole, ensure_ascii=False, indent=1))
        archive.writestr("index.html", page)
