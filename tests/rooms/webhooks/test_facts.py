"""What is told when something happens, through the verbs by which it does: the firm's year from a day to a payment."""

from __future__ import annotations
