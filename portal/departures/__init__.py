"""Departures: if she leaves on Friday, whose money goes with her, how much, and what do we do on Monday? Promises: each account counts once with
the path that leads to it; a question stores nothing but who asked it; a person has one live departure, every step of which is kept; who left signs
in no more and looks after nobody from the day on, while what he did stays as it was; and "at risk" is no verdict on a person."""
