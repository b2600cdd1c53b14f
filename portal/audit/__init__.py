"""Audit: who did what, on whom, why, and does the record hold? Promises: nothing changes without a line in the same
transaction, no line can be altered unseen, and what needs a second person waits for one."""
