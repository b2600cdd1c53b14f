"""Two addresses for whoever watches over the machine: is the process alive, can it serve?"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.utils import import_string

from models import db
from portal.settings import ROOT
from portal.web.guard import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """The database answers and stands at the newest migration. 503 where it does not."""
    try:
        found = import_string("alembic.runtime.migration:MigrationContext").configure(db.session.connection()).get_current_heads()
    except SQLAlchemyError:
        return jsonify(status="unavailable", database="unreachable"), 503
    wanted = import_string("alembic.script:ScriptDirectory")(str(ROOT / "migrations")).get_heads()
    if set(found) != set(wanted):
        return jsonify(status="unavailable", database="not migrated"), 503
    return jsonify(status="ok", database="ok"), 200
