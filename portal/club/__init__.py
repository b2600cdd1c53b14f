"""The club: who has a seat at which event, and what happened to his money? Promises: no seat is sold twice, a hold ends by the
clock alone, that money was confirmed and that a seat is granted are two facts, and the same money is never taken or given back twice."""
