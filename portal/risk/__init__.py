"""Risk: which clients are about to leave, why, and what would a departure take along? Each score is held against what happened.

Promises: a score for a day uses nothing that was recorded after it, its reasons sum to it, whoever asked not to be profiled
has none, and it is never a verdict on a person.
"""
