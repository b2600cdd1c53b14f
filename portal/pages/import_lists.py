"""The lists of the imports desk: imports, their refusals and warnings, and their days."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from models import db
from models.settlement import ImportFinding, ImportRun
from portal.pages import import_days, words
from portal.refusals import NotFound, Severity
from portal.settlement.wording import WORDS, expected, remedy, sentence
from portal.web.list_pages import Field, ListPage, declare
from portal.web.paging import Column, Filter, Listing, columns

COLUMNS = columns(
    Column("id", _l("Import"), sort=True),
    Column("started_at", _l("Begun"), sort=True),
    Column("by", _l("Imported by")),
    Column("state", _l("State")),
    Column("steps", _l("Steps"), number=True),
    Column("refusals", _l("Refusals"), sort=True, number=True),
    Column("warnings", _l("Warnings"), sort=True, number=True),
)
LISTING = Listing(
    tiebreak=ImportRun.__table__.c.id,
    sorts={"id": ImportRun.__table__.c.id, **{name: getattr(ImportRun, name) for name in ("started_at", "refusals", "warnings")}},
    default="-id",
    filters=(
        Filter("by", _l("Imported by"), lambda text: ImportRun.actor_label.contains(text, autoescape=True)),
        Filter("what", _l("What"), lambda text: ImportRun.dry_run == (text == "preview"), choices=(("real", _l("Brought in")), ("preview", _l("Preview")))),
        Filter("state", _l("State"), lambda text: ImportRun.state == text, choices=tuple((name, label) for name, (label, _tone) in words.IMPORT_STATES.items())),
        Filter("refused", _l("Refusals"), lambda text: (ImportRun.refusals > 0) == (text == "some"), choices=(("some", _l("With refusals")), ("none", _l("Without refusals")))),
    ),
)
FINDING_COLUMNS = columns(
    Column("severity", _l("Severity"), sort=True),
    Column("file", _l("File"), sort=True),
    Column("line", _l("Line"), sort=True, number=True),
    Column("field", _l("Field")),
    Column("wrong", _l("What is wrong")),
    Column("found", _l("Found")),
    Column("expected", _l("Expected")),
    Column("remedy", _l("What to do")),
)
FINDINGS = Listing(
    tiebreak=ImportFinding.__table__.c.id,
    sorts={name: getattr(ImportFinding, name) for name in ("severity", "file", "line")},
    default="severity",
    filters=(
        Filter("severity", _l("Severity"), lambda text: ImportFinding.severity == text, choices=(("refusal", _l("Refusal")), ("warning", _l("Warning")))),
        Filter("code", _l("What is wrong"), lambda text: ImportFinding.code == text, choices=tuple((code, word.sentence) for code, word in WORDS.items())),
        Filter("file", _l("File"), lambda text: ImportFinding.file.contains(text, autoescape=True)),
    ),
)


def import_run(import_id: int) -> ImportRun:
    """One import. Raises NotFound."""
    run = db.session.get(ImportRun, import_id)
    if run is None:
        raise NotFound("there is no import %(id)s", id=import_id)
    return run


def state_word(run: ImportRun) -> str:
    """An import's state in a word."""
    word = str(words.IMPORT_STATES[run.state][0])
    return _("Preview") + " · " + word if run.dry_run else word


SEVERITIES = {Severity.REFUSAL.value: _l("Refusal"), Severity.WARNING.value: _l("Warning")}

LIST = declare(
    ListPage(
        "imports.index",
        _l("Imports"),
        LISTING,
        COLUMNS,
        source=lambda asked: select(ImportRun),
        fields=(
            Field("id", _l("Import"), lambda row: row.id),
            Field("started_at", _l("Begun"), lambda row: row.started_at),
            Field("by", _l("Imported by"), lambda row: row.actor_label),
            Field("state", _l("State"), state_word),
            Field("steps", _l("Steps"), lambda row: row.done),
            Field("refusals", _l("Refusals"), lambda row: row.refusals),
            Field("warnings", _l("Warnings"), lambda row: row.warnings),
        ),
        scalars=True,
        file_name="imports",
    )
)
FINDING_LIST = declare(
    ListPage(
        "imports.show",
        _l("Refusals and warnings"),
        FINDINGS,
        FINDING_COLUMNS,
        source=lambda asked: select(ImportFinding).where(ImportFinding.import_id == import_run(asked.values["import_id"]).id),
        fields=(
            Field("code", _l("Code"), lambda row: row.code, "code"),
            Field("severity", _l("Severity"), lambda row: str(SEVERITIES[row.severity])),
            Field("file", _l("File"), lambda row: row.file),
            Field("line", _l("Line"), lambda row: row.line),
            Field("field", _l("Field"), lambda row: row.field),
            Field("wrong", _l("What is wrong"), sentence),
            Field("found", _l("Found"), lambda row: row.found),
            Field("expected", _l("Expected"), expected),
            Field("remedy", _l("What to do"), remedy),
        ),
        scalars=True,
        file_name="findings",
    )
)
DAY_LIST = declare(
    ListPage(
        "imports.days",
        _l("Days of an import"),
        import_days.LISTING,
        import_days.COLUMNS,
        source=lambda asked: import_days.days(import_run(asked.values["import_id"]).summary or {}),
        fields=import_days.FIELDS,
        file_name="days",
    )
)
