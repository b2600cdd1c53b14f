"""The whole content of a portal as text: every fact by its names, without surrogate ids and moments, and the exported books."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from flask import Flask
from sqlalchemy import Table, select

from models import db
from models.columns import Moment
from portal.audit.verify import verify
from tests.oracle.product import run

PASSED_OVER = {
    "import_run",
    "import_finding",
    "import_step",
    "job",
    "job_upload",
    "user",
    "user_role",
    "user_session",
    "one_time_link",
    "recovery_code",
    "sign_in_attempt",
    "audit_head",
}
"""What a run leaves behind about itself; the audit log's chain is checked as a whole."""
NAMED = {"account": "account_no", "broker": "broker_no", "branch": "branch_no", "staff": "staff_no", "plan": "plan_code", "user": "email", "settlement_file": "digest"}
COUNTED = ("commission_run", "approval", "settlement_day", "plan_version")
"""Things without a name of their own are called by their place."""
BARE = {"account_id": "account", "broker_id": "broker", "branch_id": "branch", "staff_id": "staff"}
"""Ids in derived rows, which bear no foreign keys. PostgreSQL gives no number twice, so a killed step leaves a gap in them."""
HASHES = {
    ("audit_entry", "hash"),
    ("audit_entry", "previous_hash"),
    ("day_segment", "digest"),
    ("approval", "digest"),
    ("outbox_message", "business_key"),
    ("care_task", "business_key"),
    ("webhook_event", "public_id"),
}
"""Hashes over ids and moments, and what is drawn by chance."""
IDS = {"run", "run_id", "approval"}
"""Keys of JSON values that hold an id."""


def content(app: Flask, period: str) -> str:
    """Everything that a portal holds, one line for each row, in a fixed order; then the books of a month as exported, if one is named."""
    with app.app_context():
        names = _names()
        lines = [f"{table.name} {json.dumps(row, ensure_ascii=False, sort_keys=True, default=str)}" for table in _tables() for row in _rows(table, names)]
        lines.append(f"audit log holds: {verify().holds}")
        db.session.remove()
    if not period:
        return "\n".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        run(app, "commission", "export", "--period", period, "--out", folder)
        for name in ("lines.csv", "statements.csv"):
            (path,) = Path(folder).rglob(name)
            lines.append(f"{name}\n{path.read_text(encoding='utf-8-sig')}")
    return "\n".join(lines)


def _tables() -> list[Table]:
    return [table for name, table in sorted(db.metadata.tables.items()) if name not in PASSED_OVER]


def _names() -> dict[str, dict[int, Any]]:
    """What each id of each table is called."""
    tables = db.metadata.tables
    names: dict[str, dict[int, Any]] = {name: dict(db.session.execute(select(tables[name].c.id, tables[name].c[column])).all()) for name, column in NAMED.items()}
    for name in COUNTED:
        ids = db.session.execute(select(tables[name].c.id).order_by(tables[name].c.id)).scalars()
        names[name] = {key: f"{name} {place}" for place, key in enumerate(ids, 1)}
    return names


def _rows(table: Table, names: dict[str, dict[int, Any]]) -> list[dict[str, Any]]:
    called = {column.name: _caller(column.name, next(iter(column.foreign_keys)).column.table.name if column.foreign_keys else "", names) for column in table.columns}
    kept = [column for column in table.columns if not isinstance(column.type, Moment) and (table.name, column.name) not in HASHES]
    kept = [column for column in kept if column.name != "id" and not column.name.endswith("_sealed")]
    rows = []
    for values in db.session.execute(select(table)).mappings():
        row = {column.name: called[column.name](values[column.name]) for column in kept}
        if table.name == "day_segment":
            row["payload"] = _segment(values, names)
        elif table.name == "audit_entry" and row["subject_type"] == "approval":
            row["subject_key"] = names["approval"].get(int(row["subject_key"]), row["subject_key"])
        elif table.name in {"notice", "outbox_message"}:
            row["link"] = _link(row["link"], names)
        elif table.name == "line_segment":
            row["payload"] = hashlib.sha256(values["payload"]).hexdigest() == values["digest"]
        rows.append(row)
    return sorted(rows, key=lambda row: json.dumps(row, ensure_ascii=False, sort_keys=True, default=str))


def _caller(column: str, target: str, names: dict[str, dict[int, Any]]) -> Callable[[Any], Any]:
    target = target or BARE.get(column, "")
    if target in names:
        return lambda value: None if value is None else names[target].get(value, f"nobody: {value}")
    return _without_ids


def _link(link: str, names: dict[str, dict[int, Any]]) -> str:
    """Where a notice leads, with the approval's place for its id: PostgreSQL gives no number twice, so a killed step leaves a gap."""
    folder, _, key = link.rpartition("/")
    return str(names["approval"].get(int(key), link)) if folder == "/approvals" and key.isdigit() else link


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_ids(item) for key, item in value.items() if key not in IDS}
    return str(value) if isinstance(value, date | bytes) else value


def _segment(values: Any, names: dict[str, dict[int, Any]]) -> list[str]:
    """The rows of a day's columns, by account number; and whether its digest is that of its bytes."""
    assert hashlib.sha256(values["payload"]).hexdigest() == values["digest"]
    frame = pl.read_parquet(io.BytesIO(values["payload"]))
    return sorted(str({**row, "account_id": names["account"].get(row.get("account_id"), "")}) for row in frame.to_dicts())
