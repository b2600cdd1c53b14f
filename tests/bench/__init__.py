"""Loaded before polars is, so that it keeps memory as it does in the portal."""

import portal.memory  # noqa: F401
