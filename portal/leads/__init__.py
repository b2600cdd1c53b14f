"""Leads: who is this person to the firm, who introduced him, until when does that count, and what is done about him?
Promises: one person is one lead, one claim at a time is protected, an earlier claim is never overwritten, and an introducer
learns whether somebody is new, protected, a client or his own, and never whose."""
