"""What was done can be taken back at once: a message that carries the form which does the opposite.

The message stays until the page is left, so that nobody has to hurry; the opposite is an ordinary form of the portal, with
its rights, its checks and its line in the audit log.
"""

from __future__ import annotations

from flask import flash


def flash_with_undo(text: str, action: str, fields: dict[str, str]) -> None:
    """Say that something is done, with a button that posts `fields` to `action`. The message travels in the cookie: keep it short."""
    flash({"text": text, "action": action, "fields": fields}, "undo")  # type: ignore[arg-type]  # a message may be anything that JSON holds
