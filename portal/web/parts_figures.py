"""One picture of each kind for the page of parts, with its sentence and the table behind it. The numbers are made up."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from portal.web.parts_words import said

MONTHS = [f"2026-{month:02d}" for month in range(1, 12)]


def figures() -> list[dict[str, Any]]:
    """Every kind of picture once."""
    return [_line(), _waterfall(), _bar(), _treemap(), _sankey(), _heatmap(), _step()]


def _line() -> dict[str, Any]:
    days = [f"{month}-{day:02d}" for month in MONTHS for day in (1, 8, 15, 22)]
    now = [4_000_000_000 + 45_000_000 * step + (step * 7919 % 13) * 20_000_000 for step in range(len(days))]
    before = [3_900_000_000 + 22_000_000 * step for step in range(len(days))]
    series = [{"name": _("This year"), "values": now, "area": True}, {"name": _("Last year"), "values": before}]
    sentence = "Up 8.4 % since last month, the highest of the year (CNY, as of 2026-11-20)."
    return _figure("line", "Attributed equity", sentence, {"unit": "fen", "x": days, "series": series}, list(zip(days, now, before, strict=True)))


def _waterfall() -> dict[str, Any]:
    steps = {"Gross": 38_200_000, "New clients": 6_100_000, "Rebated": -2_400_000, "Adjustments": 3_300_000, "Clawback": -3_100_000, "Net": 42_100_000}
    drawn = [{"name": name, "value": value, "total": name in {"Gross", "Net"}} for name, value in steps.items()]
    return _figure("waterfall", "Commission bridge", "New clients brought more than claw-backs took (CNY, November 2026).", {"unit": "fen", "steps": drawn}, list(steps.items()))


def _bar() -> dict[str, Any]:
    series = [{"name": "SHFE", "values": [120 * (3 + step % 4) for step in range(11)]}, {"name": "DCE", "values": [90 * (2 + step % 3) for step in range(11)]}]
    data = {"unit": "count", "x": MONTHS, "series": series, "stacked": True}
    return _figure("bar", "Lots a month", "November is not over (lots, as of 2026-11-20).", data, [(month, step) for step, month in enumerate(MONTHS)])


def _treemap() -> dict[str, Any]:
    shares = {"张三居间": 3100, "李四居间": 2200, "王五居间": 1400, "赵六居间": 1100, _("Others"): 2200}
    data = {"unit": "bp", "items": [{"name": name, "value": share} for name, share in shares.items()]}
    return _figure("treemap", "Concentration by broker", "Two brokers hold more than half (share of equity, as of 2026-11-20).", data, [("张三居间", "31.00%")])


def _sankey() -> dict[str, Any]:
    links = [
        ("转介绍", "张三居间", 40),
        ("官网", "李四居间", 22),
        ("转介绍", "李四居间", 18),
        ("张三居间", "Active", 33),
        ("张三居间", "Departed", 7),
        ("李四居间", "Active", 40),
    ]
    drawn = [{"source": source, "target": target, "value": value} for source, target, value in links]
    data = {"unit": "count", "nodes": ["转介绍", "官网", "张三居间", "李四居间", "Active", "Departed"], "links": drawn}
    return _figure("sankey", "Attribution flow", "Referrals stay the longest (clients, as of 2026-11-20).", data, [("转介绍 → 张三居间", 40)])


def _heatmap() -> dict[str, Any]:
    data = {
        "unit": "count",
        "x": ["Low value", "Mid value", "High value"],
        "y": ["Low risk", "Mid risk", "High risk"],
        "cells": [[0, 0, 3], [1, 0, 10], [2, 0, 17], [0, 1, 8], [1, 1, 15], [2, 1, 22], [0, 2, 13], [1, 2, 20], [2, 2, 4]],
    }
    return _figure("heatmap", "Risk and value", "22 valuable clients deserve a call (clients, as of 2026-11-20).", data, [("High risk", 13)])


def _step() -> dict[str, Any]:
    months = range(25)
    series = [{"name": "Direct", "values": [10_000 - 120 * month for month in months]}, {"name": "Via broker", "values": [10_000 - 230 * month for month in months]}]
    sentence = "Seven of ten stay two years when they come directly (share, as of 2026-11-20)."
    return _figure("step", "Clients who stayed", sentence, {"unit": "bp", "x": list(months), "series": series}, [(0, "100%")])


def _figure(kind: str, title: str, sentence: str, data: dict[str, Any], rows: list[Any]) -> dict[str, Any]:
    title, sentence, data, rows = said((title, sentence, data, rows))
    headers = ["", *(f"#{number}" for number in range(1, len(rows[0])))]
    return {"kind": kind, "title": title, "sentence": sentence, "data": data, "headers": headers, "rows": rows}
