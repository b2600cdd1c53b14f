"""Files that are no list of their own (an account's past, what a transfer moves, a paper): written into the audit log as every list that is taken out."""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Iterable, Sequence

from flask import Response, request
from flask_babel import gettext as _

from portal import clock, local_day
from portal.audit import log
from portal.transaction import transaction
from portal.web.downloads import TYPES, as_attachment
from portal.web.exports import Cell, csv_lines, write_xlsx
from portal.web.formats import moment_text
from portal.web.guard import current_actor
from portal.web.requests import request_id


def taken_out(form: str, name: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The rows as an attachment that says who took it out and when, under a number that the audit log knows. `name` has no ending."""
    content, actor, moment, number = [tuple(row) for row in rows], current_actor(), clock.now(), secrets.token_hex(6)
    when = moment_text(moment, local_day.zone(), seconds=True)
    mark = [_("Taken out by %(who)s on %(when)s", who=actor.label, when=when), _("Number %(number)s in the audit log", number=number)]
    if form == "xlsx":
        target = io.BytesIO()
        write_xlsx(target, name, headers, content, mark=lambda: mark)
        response = Response(target.getvalue(), mimetype=TYPES[form])
    else:
        response = Response(b"".join(csv_lines(headers, content, mark=lambda: mark)), mimetype=TYPES["csv"])
    with transaction():
        after = {"rows": len(content), "form": form, "columns": list(headers), "filters": dict(request.args), "number": number, "path": request.path}
        log.write(actor, moment, "list.exported", "list", str(request.endpoint), after=after, request_id=request_id())
    response.headers["Content-Disposition"] = f"attachment; filename={name}.{form}"
    return response


def paper_out(body: bytes, media: str, name: str, kind: str, key: str) -> Response:
    """A paper about somebody (`kind` and `key` say what it is of) as an attachment. Nothing is added to it, so that its digest is the one in the
    audit log: who took it out and when stands there alone."""
    with transaction():
        after = {"digest": hashlib.sha256(body).hexdigest(), "bytes": len(body), "form": name.rpartition(".")[2], "path": request.path}
        log.write(current_actor(), clock.now(), "paper.taken_out", kind, key, after=after, request_id=request_id())
    return as_attachment(body, media, name)
