"""Bytes that nobody meant as a file, thrown at every parser: each must answer with findings or with `Refusal`, never break."""
