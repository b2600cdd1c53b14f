"""Disputes: is this line right, who says so, and by when? Promises: a question keeps the explanation as it stood when it was
put, is answered by somebody else than who put it, moves only by the table of states, and nothing said in it is lost."""
