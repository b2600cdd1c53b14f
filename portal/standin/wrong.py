"""What the stand-in does not do, in Stripe's words."""

from __future__ import annotations


class Wrong(Exception):
    """An error as Stripe answers it."""

    def __init__(self, message: str, status: int = 400, kind: str = "invalid_request_error", code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **({"code": code} if code else {})}}
