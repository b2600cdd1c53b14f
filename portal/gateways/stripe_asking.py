"""How Stripe is asked: one call, and what of its answer is definite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import stripe

from portal.club.facts import Refused, Unanswered


def ask(call: Callable[[], Any]) -> dict[str, Any]:
    """One call, its answer as a plain dictionary. What came of a call that brought no definite answer is not known."""
    try:
        found: dict[str, Any] = call().to_dict()
        return found
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.IdempotencyError) as error:
        if isinstance(error, stripe.IdempotencyError) and error.http_status == 400:
            raise Refused(str(error.user_message or error)) from error
        raise Unanswered(type(error).__name__) from error
    except stripe.StripeError as error:
        status = error.http_status or 500
        if status >= 500 or status == 409:
            raise Unanswered(f"{type(error).__name__} {status}") from error
        raise Refused(str(error.user_message or error)) from error


def id_of(value: Any) -> str:
    """An id, whether the object stands in its place or not."""
    if isinstance(value, Mapping):
        return str(value["id"])
    return str(value or "")
