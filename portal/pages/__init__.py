"""Screens that cross rooms: each asks the rooms' queries and shows what they say; nothing is decided here."""
