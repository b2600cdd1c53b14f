"""The programs' door, /api/v1: a program registers leads in the name of whoever made its key, with his rights and limits.

Every answer is JSON, faults included; what each address takes and gives stands in openapi.py and is served beside it.
"""
