"""How polars keeps memory that it has let go of; read when polars is loaded, so this comes before everything of the portal.

By itself it keeps four reserves per core, each as large as the largest table that passed through it: a day of 300,000 accounts then
takes a tenth more memory, and nothing is faster for it. What is set outside is left as it is.
"""

from __future__ import annotations

import os

os.environ.setdefault("_RJEM_MALLOC_CONF", "narenas:1")
