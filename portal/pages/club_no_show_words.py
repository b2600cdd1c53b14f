"""No-shows in words: how far one is, and why nobody is held to have missed an event."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from models.club_no_shows import NoShowState, WaiverWhy

NO_SHOW_STATES = {
    NoShowState.TOLD.value: (_l("Not seen"), "warn"),
    NoShowState.APPEALED.value: (_l("Said why: to be decided"), "info"),
    NoShowState.UPHELD.value: (_l("Counts after all"), "bad"),
    NoShowState.EXCUSED.value: (_l("Excused"), "neutral"),
    NoShowState.CAME.value: (_l("Was there: a scan came later"), "good"),
}
WAIVERS = {
    WaiverWhy.TRADING_HALT.value: _l("Trading was halted"),
    WaiverWhy.OURS.value: _l("It was our fault"),
    WaiverWhy.OTHER.value: _l("Something else"),
}
