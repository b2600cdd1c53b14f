"""Suitability (投资者适当性): which risk may this person bear, by which questions, until when? Promises: a grade names the
version of the questions and the answers it came from, expires on a day, and nobody unsuitable is pushed."""
