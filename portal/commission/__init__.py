"""Commission: what is every broker owed for a month, to the fen, and why? Promises: any correct program gives the same
amounts, every amount names the fact, span and plan it came from, and a closed month never changes."""
