"""Checks the receipt of a claim without the firm: was exactly this file signed with the firm's key, and is it about this person?

    python check_receipt.py receipt.json key.json
    python check_receipt.py receipt.json key.json --phone +8613800008000 --name 王小明

`key.json` is what the firm publishes at /receipts/key; take it from the firm itself, not from whoever shows the receipt. The phone
number stands in full with its country code. Needs Python 3.9 or newer and nothing else; reads the two files and speaks to nobody.
Ends with 0 and what the receipt says, or with 1 and what is wrong. The signature is Ed25519 as RFC 8032 (5.1) describes it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

SCHEMA = "juyuan.claim-receipt/1"
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates."""
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, d - c, d + c, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor: int, point: Point) -> Point:
    """A point, so many times."""
    result = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            result = add(result, point)
        point, factor = add(point, point), factor >> 1
    return result


def same(a: Point, b: Point) -> bool:
    """Whether two points are one."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(raw: bytes) -> Point | None:
    """The point that 32 bytes write, or None where they write none."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if (x & 1) != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is that of a public key under exactly these bytes."""
    if len(signature) != 64 or BASE is None:
        return False
    key, r, s = point_of(public_key), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    return same(times(s, BASE), add(r, times(challenge, key)))


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no blanks: the one way to write it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def body_of(content: bytes, keys: dict[str, str]) -> dict[str, Any]:
    """What a receipt says. Raises ValueError with what is wrong."""
    try:
        receipt = json.loads(content)
        body, key, signature = receipt["body"], receipt["key"], receipt["signature"]
        written = canonical(body)
        whole = canonical({"body": body, "digest": hashlib.sha256(written).hexdigest(), "key": key, "signature": signature})
        raw = bytes.fromhex(signature)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError("this is no receipt: it cannot be read") from error
    if whole != content or raw.hex() != signature or body.get("schema") != SCHEMA:
        raise ValueError("this is not the receipt as it was handed out: something in it was changed")
    if key not in keys:
        raise ValueError(f"the receipt names the key {key}, which is none of the firm's")
    if not holds(bytes.fromhex(keys[key]), raw, written):
        raise ValueError("the signature does not belong to this receipt: something in it was changed")
    return dict(body)


def keys_of(content: bytes) -> dict[str, str]:
    """The firm's public keys by their name, which is the beginning of their SHA-256."""
    found = [item["public_key"] for item in json.loads(content)["keys"]]
    return {hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16]: key for key in found}


def is_about(person: dict[str, Any], name: str, value: str) -> bool:
    """Whether a receipt is about this name, phone or ID number."""
    digest = hashlib.scrypt(value.encode(), salt=bytes.fromhex(person["salt"]), n=person["n"], r=person["r"], p=person["p"], dklen=32)
    return digest.hex() == person.get(name)


def main(arguments: list[str] | None = None) -> int:
    """Check the files that the command names."""
    parser = argparse.ArgumentParser(description="Check the receipt of a claim with the firm's public key.")
    parser.add_argument("receipt", type=Path)
    parser.add_argument("key", type=Path)
    for name in ("name", "phone", "id-no"):
        parser.add_argument(f"--{name}", default="")
    given = parser.parse_args(arguments)
    try:
        body = body_of(given.receipt.read_bytes(), keys_of(given.key.read_bytes()))
        for name in ("name", "phone", "id_no"):
            value = getattr(given, name)
            if value and not is_about(body["person"], name, value):
                raise ValueError(f"the receipt is genuine, but it is not about this {name.replace('_', ' ')}")
    except (ValueError, KeyError, TypeError, OSError) as error:
        sys.stdout.write(f"refused: {error}\n")
        return 1
    for name in ("claim", "introducer", "door", "registered_at", "protected_until", "signed_at"):
        sys.stdout.write(f"{name}\t{body[name]}\n")
    sys.stdout.write("genuine\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
