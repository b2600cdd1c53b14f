"""What the libraries say of an archive or a packed workbook that cannot be unpacked."""

from __future__ import annotations

import lzma
import zipfile
import zlib

BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)
"""RuntimeError is what zipfile says of a member that is locked."""
