"""Rules: which law and which contract hold on a day, and whom do they stop? Promises: a rule is dated data with its source,
and whoever is stopped learns by which clause."""
