"""Attacks on the door, by real HTTP against several workers: guesses, replayed sessions and codes, departures, overwrites, tampering."""
