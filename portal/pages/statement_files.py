"""A broker's statement to take away: PDF, XLSX, CSV, the machine-readable file, and the script that computes it again."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from models import db
from models.commission import RunStatement
from portal.commission import queries
from portal.documents.statement import FORMS, Form, file_name, offered_script, statement_document
from portal.pages.commission_lists import month_of
from portal.pages.taken_out import paper_out
from portal.permissions import Can
from portal.refusals import NotFound
from portal.web.downloads import as_attachment
from portal.web.guard import current_actor, requires
from portal.web.templating import give

bp = Blueprint("statement_files", __name__, url_prefix="/commission")


def _file(period: str, broker_no: str, form: Form) -> ResponseReturnValue:
    broker = queries.broker_for(current_actor(), broker_no)
    run = queries.run_of(str(month_of(period)))
    if db.session.get(RunStatement, (run.id, broker.id)) is None:
        raise NotFound("%(broker)s has no statement for %(period)s", broker=broker_no, period=period)
    body = statement_document(run, broker, str(get_locale()), form)
    return paper_out(body, FORMS[form], file_name(run, broker, form), "statement", f"{run.period} {broker.broker_no}")


@bp.get("/statements/<period>/<broker_no>/statement.pdf")
@requires(Can.COMMISSION_SEE)
def pdf(period: str, broker_no: str) -> ResponseReturnValue:
    """The statement on paper."""
    return _file(period, broker_no, "pdf")


@bp.get("/statements/<period>/<broker_no>/statement.xlsx")
@requires(Can.COMMISSION_SEE)
def xlsx(period: str, broker_no: str) -> ResponseReturnValue:
    """The statement as a workbook."""
    return _file(period, broker_no, "xlsx")


@bp.get("/statements/<period>/<broker_no>/lines.csv")
@requires(Can.COMMISSION_SEE)
def csv(period: str, broker_no: str) -> ResponseReturnValue:
    """Every line of the statement."""
    return _file(period, broker_no, "csv")


@bp.get("/statements/<period>/<broker_no>/statement.json")
@requires(Can.COMMISSION_SEE)
def json(period: str, broker_no: str) -> ResponseReturnValue:
    """Everything behind the statement, for computing it again."""
    return _file(period, broker_no, "json")


@bp.get("/statements/check_statement.py")
@requires(Can.COMMISSION_SEE)
def script() -> ResponseReturnValue:
    """The script that computes a statement again from its machine-readable file."""
    return as_attachment(offered_script()[0], "text/x-python; charset=utf-8", "check_statement.py")


give(bp, digest_of_script=lambda: offered_script()[1])
