"""The door through which files come in: bytes are received once, recognised, decoded, put in order and handed to the rooms.
Promises: each master file and each day is one transaction, every fault is named, and the same bytes again change nothing."""
