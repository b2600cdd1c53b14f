"""Handover: to whom go the clients of one who left, and were they kept? Promises: a person decides, nobody gets more clients than he can
look after, nobody who left gets any, what was said to a client goes along with him, and the forecast stays beside what happened."""
