"""What the reader may begin, among what is found: by its words in either language, their pinyin and initials, as the pages of the menu are."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from portal.actors import Actor
from portal.search.find import Group, Hit
from portal.search.pages import begins
from portal.search.targets import may_open
from portal.search.words import plain
from portal.web.navigation import Entry, href, is_for

FIRM, BOTH = ("firm",), ("broker", "firm")
ACTIONS = (
    Entry("leads_new.new", _l("Register a lead"), _l("Register a lead"), icon="person-plus", meant_for=BOTH),
    Entry("leads_upload.index", _l("Register leads from a file"), _l("Register leads from a file"), icon="person-plus", meant_for=BOTH),
    Entry("cases.new", _l("Contest a claim"), _l("Contest a claim"), icon="sign-intersection-y", meant_for=BOTH),
    Entry("transfers.new", _l("Prepare a transfer"), _l("Prepare a transfer"), icon="shuffle", meant_for=FIRM),
    Entry("departures_new.new", _l("Record a departure"), _l("Record a departure"), icon="door-open", meant_for=FIRM),
    Entry("onboarding.new", _l("Take a broker on"), _l("Take a broker on"), icon="person-plus", meant_for=FIRM),
    Entry("segments.new", _l("Make a segment"), _l("Make a segment"), icon="funnel", meant_for=FIRM),
    Entry("club_edit.new", _l("Prepare an event"), _l("Prepare an event"), icon="calendar-event", meant_for=FIRM),
    Entry("club_vouchers.new", _l("Make a voucher"), _l("Make a voucher"), icon="ticket-perforated", meant_for=FIRM),
    Entry("club_statement.index", _l("Hand a bank statement in"), _l("Hand a bank statement in"), icon="bank", meant_for=FIRM),
    Entry("research_edit.new", _l("Write a report or course"), _l("Write a report or course"), icon="book", meant_for=FIRM),
    Entry("identity.invite_user", _l("Invite a user"), _l("Invite a user"), icon="person-badge", meant_for=FIRM),
    Entry("webhooks.new", _l("Register a receiver of webhooks"), _l("Register a receiver of webhooks"), icon="broadcast", meant_for=FIRM),
    Entry("outbox_choices.show", _l("Choose mails and text messages"), _l("Choose mails and text messages"), icon="envelope"),
)
"""Each leads to the form with which it begins; who may not open the form does not find it."""


def actions(actor: Actor, text: str) -> Group:
    """The actions that the reader may take and whose words begin with what was typed; none where nothing was."""
    start = plain(text).encode()
    found = [entry for entry in ACTIONS if start and begins(entry, start) and is_for(entry, actor) and may_open(actor, entry.endpoint)]
    return Group("actions", [Hit(str(entry.label), "", href(entry.endpoint)) for entry in found])
