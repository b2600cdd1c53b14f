"""Attribution: which broker has which share of an account on a trade date, as believed from when on? Promises: the shares
of an account never pass the whole on any day, spans of one broker never overlap, and what is left is the house's."""
