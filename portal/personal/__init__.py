"""What does the portal hold about a person, and what of it may go?

It promises that a copy is complete: every table that knows a client or a broker is in it, or is named here with the reason why it is
not. What is erased and what must be kept stand as data; a second person approves exactly the counts that he is shown, and the audit
log, which holds no personal data, stays whole.
"""
