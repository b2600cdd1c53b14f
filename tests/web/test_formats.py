"""Amounts and moments as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal.web.formats import compact_yuan_text, moment_text, yuan_text


@pytest.mark.parametrize(
    ("fen", "text"),
    [(0, "¥0.00"), (5, "¥0.05"), (-5, "-¥0.05"), (123456, "¥1,234.56"), (-100, "-¥1.00"), (999_999_999_999_999, "¥9,999,999,999,999.99")],
)
def test_an_amount_is_written_to_the_fen(fen: int, text: str) -> None:
    assert yuan_text(fen) == text
    assert yuan_text(fen, unit=False) == text.replace("¥", "")


@pytest.mark.parametrize(
    ("fen", "chinese", "english"),
    [
        (99_999, "¥999.99", "¥1.00K"),
        (99_499, "¥994.99", "¥994.99"),
        (1_000_000, "¥1.00万", "¥10.00K"),
        (5_123_456_780, "¥5,123.46万", "¥51.23M"),
        (-5_123_456_780, "-¥5,123.46万", "-¥51.23M"),
        (9_999_999_999, "¥1.00亿", "¥100.00M"),
        (123_456_789_012, "¥12.35亿", "¥1.23B"),
        (0, "¥0.00", "¥0.00"),
    ],
)
def test_large_amounts_are_shortened_as_each_language_counts(fen: int, chinese: str, english: str) -> None:
    assert compact_yuan_text(fen, "zh") == chinese
    assert compact_yuan_text(fen, "en") == english


def test_a_moment_is_shown_in_the_portals_zone() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert moment_text(datetime(2026, 11, 20, 16, 30, 5, tzinfo=UTC), zone) == "2026-11-21 00:30"
    assert moment_text(datetime(2026, 11, 20, 16, 30, 5, tzinfo=UTC), zone, seconds=True) == "2026-11-21 00:30:05"
    with pytest.raises(ValueError, match="zone"):
        moment_text(datetime(2026, 11, 20, 16, 30), zone)  # noqa: DTZ001 - the point of the test
