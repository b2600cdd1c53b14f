"""What the states of an application are called, to the firm and to the applicant."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

PROGRESS = {
    "draft": (_l("Drafted"), "info"),
    "checked": (_l("Checked"), "info"),
    "waiting": (_l("Waits for a second person"), "warn"),
    "active": (_l("Broker"), "good"),
    "refused": (_l("Refused"), "bad"),
    "withdrawn": (_l("Withdrawn"), "neutral"),
}
"""The states with their tones."""
