"""What the firm learns after months were closed: files to import later, each of which becomes a correction."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from portal.demo import files, stories
from portal.demo.clients import span
from portal.demo.partners import Row


def write(folder: Path, rows: dict[str, list[Row]], trades: pl.DataFrame) -> list[Path]:
    """Write the later files: the attributions with a transfer learnt late, and one past day's trades with another exchange fee."""
    attributions = files.write_rows(folder / "attributions.csv", with_late_transfer(rows))
    return [attributions, *files.write_days(folder, "trades", with_lower_fee(trades))]


def with_late_transfer(rows: dict[str, list[Row]]) -> list[Row]:
    """attributions.csv with one span ended earlier and the next broker's span begun."""
    account, (before, after) = rows["accounts"][stories.LEARNT_LATE], stories.LEARNT_BROKERS
    changed: list[Row] = []
    for row in rows["attributions"]:
        if row["account_no"] == account["account_no"]:
            changed.append({**row, "broker_no": before, "valid_to": stories.LEARNT_FROM.isoformat()})
            changed.append(span(account, after, stories.LEARNT_FROM, confirmed=stories.LEARNT_FROM))
        else:
            changed.append(row)
    return changed


def with_lower_fee(trades: pl.DataFrame) -> pl.DataFrame:
    """The corrected day's trades: one account's exchange fee halved. The client's fee stays, so no balance changes."""
    told = pl.col("account_no") == stories.account_no(stories.CORRECTED)
    lower = pl.when(told).then(pl.col("exchange_fee") // 2).otherwise(pl.col("exchange_fee"))
    return trades.filter(pl.col("trade_date") == stories.CORRECTED_DAY).with_columns(lower.alias("exchange_fee"))
