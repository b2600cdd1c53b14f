"""Settlement: what did every account hold and trade on each settled day? Promises: a file's bytes count once, a day is
posted whole or not at all, a correction is a new version, and nothing is guessed."""
