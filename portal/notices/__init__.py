"""Notices: what does a person need to know that happened elsewhere, and has he seen it? Promises: a notice is written in the
transaction of what it tells of, reaches only those it was addressed to, and is worded in the reader's language when it is read."""
