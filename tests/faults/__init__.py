"""Faults from outside: processes that are killed. Children fork from a parent without threads, so data frames get one thread each."""

import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
