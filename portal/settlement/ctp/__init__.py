"""A client's own settlement statement (CTP 交易结算单): does it add up, and does it say what the portal's books say?

Promises: bytes in, facts and findings out, no database; every identity I1 to I10 is checked to the fen; tables and labels are
found by their names, never by position; what cannot be read for certain is refused, never guessed.
"""
