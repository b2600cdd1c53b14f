"""What schemathesis cannot make from a schema: people who can be registered. Loaded by run.sh alone, never by the portal or its tests.

Of four bodies that are made, three get a phone number that exists and lose what a schema cannot make hold, so that leads are
registered, met again and asked for; the fourth stays as it is.
"""

from __future__ import annotations

import hashlib
from typing import Any

import schemathesis  # type: ignore[import-not-found]

NUMBERS = 4_000
"""So many different people there are: few enough to meet some of them again."""
PURPOSES = ["contact", "introducer", "marketing"]
LONGEST = {"name": 120, "phone": 40, "id_no": 40, "email": 254, "kind": 20, "note": 2000}


@schemathesis.hook  # type: ignore[untyped-decorator]
def map_body(context: Any, body: Any) -> Any:
    """Give a person a phone number that exists. A body that breaks the schema stays as it is: it must be refused."""
    draw = int.from_bytes(hashlib.sha256(repr(body).encode("utf-8", "replace")).digest()[:8])
    if draw % 4 == 0 or not fits(body):
        return body
    return {name: value for name, value in body.items() if name not in {"id_no", "email", "consents"}} | {"phone": f"1380{draw // 4 % NUMBERS:07d}"}


def fits(body: Any) -> bool:
    """Whether a body holds nothing but short texts, and consents of the form that the schema names."""
    if not isinstance(body, dict) or not body.get("name") or not set(body) <= {*LONGEST, "consents"}:
        return False
    consents = body.get("consents", [])
    if body.get("kind", "person") not in ("person", "institution") or not isinstance(consents, list) or len(consents) > len(PURPOSES):
        return False
    return all(isinstance(body.get(name, ""), str) and len(body.get(name, "")) <= most for name, most in LONGEST.items()) and all(
        isinstance(one, dict) and set(one) == {"purpose", "text_version"} and one["purpose"] in PURPOSES and type(one["text_version"]) is int for one in consents
    )
