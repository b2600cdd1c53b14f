"""Kill -9 between the steps of paying, refunding and cancelling, here and there: paid once, a seat once, refunded once, points once, told once.

At length, between every two steps: `python -m tests.faults --operation pay --operation refund --operation cancel [--database postgresql://user@host/]`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.faults.test_kill import ROOT
from tests.places import SERVER

EVERY = 23


def trials(operation: str, *more: str) -> dict[str, Any]:
    """A report, made by a process of its own: whoever forks must have no threads."""
    words = [sys.executable, "-m", "tests.faults", "--json", "--operation", operation, "--database", SERVER, *more]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout, ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert ended.returncode == int(bool(report["faults"]))
    return report


@pytest.mark.parametrize("operation", ["pay", "refund", "cancel"])
def test_s7_s8_r3_r7_a_process_that_was_killed_leaves_nothing_twice_and_nothing_undone(operation: str) -> None:
    """S7 S8 R3 R7 P10: whoever was not heard tries again, the rest the portal does by itself, whether webhooks arrive or not."""
    report = trials(operation, "--every", str(EVERY))
    assert report["faults"] == []
    assert report["inside"] == report["kills"] >= 2


def test_control_a_key_that_is_another_for_each_try_refunds_twice() -> None:
    """R3 S7: killed after Stripe refunded and before that is written down, the order goes out again: under another key it is a second one."""
    report = trials("cancel", "--every", "50", "--seed", "11", "--fault")
    assert [fault for fault in report["faults"] if '+at Stripe refund {"amount": 19800' in fault], report


def test_control_a_payment_that_is_written_after_the_call_is_forgotten_with_its_page() -> None:
    """S1 S7: killed after Stripe opened the page and before anything of it is written down: nobody knows the page, and the payer's next try is another order."""
    report = trials("pay", "--every", "1000", "--seed", "4", "--fault")
    assert report["at"] == {"before a commit": 2}
    assert [fault.split(":")[0] for fault in report["faults"]] == ["killed at step 5, before a commit, webhooks arrive", "killed at step 5, before a commit, every webhook is lost"]
