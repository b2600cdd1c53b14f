"""What a firm knows after the folders it has read: rows of its D files, each import laid over those before."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

Row = dict[str, str]

KEYS: dict[str, tuple[str, ...]] = {
    "brokers": ("broker_no",),
    "accounts": ("account_no",),
    "broker_statuses": ("broker_no", "valid_from"),
    "licences": ("broker_no", "licence_no", "valid_from"),
    "uplines": ("broker_no", "valid_from"),
    "agreements": ("broker_no", "valid_from"),
    "relatives": ("broker_no", "id_no", "relation", "valid_from"),
    "attributions": ("account_no", "broker_no", "valid_from"),
}


def covers(row: Any, day: str) -> bool:
    """Whether a span holds a day; ISO dates compare as text."""
    return (not row.get("valid_from") or row["valid_from"] <= day) and (not row.get("valid_to") or day < row["valid_to"])


def same_person(one: str, other: str) -> bool:
    """ID numbers without blanks and case; an empty one is nobody's."""
    first, second = ("".join(text.split()).upper() for text in (one or "", other or ""))
    return first != "" and first == second


class Knowledge:
    """The rows in force; a row with the same key replaces the one before, a day read again replaces that day's part."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[str, ...], Row]] = {name: {} for name in KEYS}
        self.plans: dict[str, dict[str, Any]] = {}
        self.adjustments: Counter[tuple[str, ...]] = Counter()
        self.trades: dict[str, list[Row]] = {}
        self.balances: dict[str, list[Row]] = {}

    def read(self, folder: Path) -> None:
        """Lay one folder over what is known; folders inside it are left alone."""
        for path in sorted(folder.iterdir()):
            if path.suffix == ".csv":
                with path.open(encoding="utf-8-sig", newline="") as handle:
                    self._table(path.stem, list(csv.DictReader(handle)))
            elif path.name == "plans.json":
                for plan in json.loads(path.read_text(encoding="utf-8")):
                    versions = self.plans.setdefault(plan["code"], {})
                    versions.update({version["valid_from"]: version for version in plan["versions"]})

    def _table(self, name: str, rows: list[Row]) -> None:
        day = re.fullmatch(r"(trades|balances)-(\d{4}-\d\d-\d\d)", name)
        if day:
            getattr(self, day[1])[day[2]] = rows
        elif name == "adjustments":
            self.adjustments |= Counter(tuple(row[c] or "" for c in ("broker_no", "period", "amount", "reason", "note")) for row in rows)
        elif name in KEYS:
            self.tables[name].update({tuple(row[column] or "" for column in KEYS[name]): row for row in rows})

    def rows(self, table: str, day: str, **where: str) -> list[Row]:
        """The rows of a dated table that hold on a day."""
        return [row for row in self.tables[table].values() if covers(row, day) and all(row[name] == value for name, value in where.items())]

    def one(self, table: str, day: str, **where: str) -> Row | None:
        """The row of a day in a table whose spans never overlap."""
        found = self.rows(table, day, **where)
        assert len(found) <= 1, (table, day, where, found)
        return found[0] if found else None

    def settled_days(self, month: str) -> list[str]:
        """Trade dates of a month with at least one balance row."""
        return sorted(day for day, rows in self.balances.items() if day.startswith(month) and rows)

    def broker(self, broker: str) -> Row:
        return self.tables["brokers"][(broker,)]

    def account(self, account: str) -> Row:
        return self.tables["accounts"][(account,)]

    def agreement(self, broker: str, day: str) -> str:
        """The plan's code under the agreement of a day, or nothing."""
        row = self.one("agreements", day, broker_no=broker)
        return row["plan_code"] if row else ""

    def version(self, broker: str, day: str) -> tuple[str, dict[str, Any]] | None:
        """The plan's code and the version that counts for a broker on a day."""
        plan = self.agreement(broker, day)
        found = [version for version in self.plans.get(plan, {}).values() if covers(version, day)]
        assert len(found) <= 1, (broker, day, found)
        return (plan, found[0]) if found else None

    def inactive(self, broker: str, day: str) -> bool:
        row = self.one("broker_statuses", day, broker_no=broker)
        return row is None or row["status"] != "active"

    def unlicensed(self, broker: str, day: str) -> bool:
        return self.broker(broker)["kind"] == "person" and not self.rows("licences", day, broker_no=broker)

    def relation(self, broker: str, account: str, day: str) -> str:
        """Why the client is too near to the broker to be paid for."""
        client = self.account(account)["id_no"]
        if same_person(self.broker(broker)["id_no"], client):
            return "self_account"
        if any(same_person(row["id_no"], client) for row in self.rows("relatives", day, broker_no=broker)):
            return "related_account"
        return ""

    def attribution_reason(self, row: Row, day: str) -> str:
        """Whether an attribution row earns that day."""
        if row["state"] == "suspended":
            return "attribution_suspended"
        if row["state"] == "pending" or (row["confirmed_on"] and row["confirmed_on"] > day):
            return "attribution_pending"
        return ""

    def reason(self, row: Row, day: str) -> str:
        """The first of the eight reasons for which an attribution row earns nothing that day."""
        broker = row["broker_no"]
        if self.inactive(broker, day):
            return "broker_inactive"
        if self.unlicensed(broker, day):
            return "licence_expired"
        if not self.agreement(broker, day):
            return "no_agreement"
        if self.version(broker, day) is None:
            return "no_plan_version"
        return self.attribution_reason(row, day) or self.relation(broker, row["account_no"], day)
