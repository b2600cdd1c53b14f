"""Search: where is what I am thinking of? Promises: nobody finds what he may not open, and an answer is read from an index."""
