"""Documents: what is carried out of the portal on paper or as a file, in the reader's language.

A document is described once (paper.py) and written as PDF, XLSX or CSV from that one description, so that the forms cannot
differ. The functions that make one read only, hold no lock and are called outside any transaction that writes.
"""
