"""The demonstration firm: what would a year of a real firm look like in the portal?

`make` writes an invented firm's files, always the same bytes; `stories` says what there is to find in it.
It promises that no person, number or company in it exists, and that its amounts are exact to the fen.
"""

from portal.demo.firm import DemoFirm, SignIn, make

__all__ = ["DemoFirm", "SignIn", "make"]
