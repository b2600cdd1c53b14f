"""What Stripe says, as far as a rule needs it. The gateway fills these; rules never see an object of its library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Unanswered(Exception):
    """No answer came, or none that settles anything: it may have happened. Ask again with the same key."""


class Refused(Exception):
    """A definite no: nothing happened, and the same key would bring the same no. `args[0]` says why."""


@dataclass(frozen=True)
class SessionFacts:
    """A Checkout Session as it stands now; with a subscription, where it is to begin one."""

    id: str
    status: str
    payment_status: str
    amount: int
    currency: str
    livemode: bool
    intent_id: str
    url: str
    payment_ref: str
    env: str
    subscription_id: str = ""
    invoice_id: str = ""

    @property
    def paid(self) -> bool:
        """Whether money is confirmed."""
        return self.status == "complete" and self.payment_status == "paid"


@dataclass(frozen=True)
class RefundFacts:
    """A refund as it stands now; `ref` is our own number of it, empty where it was made elsewhere."""

    id: str
    status: str
    amount: int
    intent_id: str
    ref: str
    env: str
    failure: str = ""


@dataclass(frozen=True)
class IntentFacts:
    """A payment as Stripe keeps it."""

    id: str
    status: str
    received: int
    currency: str
    livemode: bool
    payment_ref: str
    env: str


@dataclass(frozen=True)
class EventFacts:
    """An event that Stripe sent and signed. `payload` is what may be kept of it: ids, amounts and states, nobody's name or address."""

    id: str
    type: str
    livemode: bool
    api_version: str
    object_id: str
    intent_id: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    customer_id: str = ""


class Till(Protocol):
    """Who takes payments. Every call may raise Unanswered or Refused."""

    @property
    def livemode(self) -> bool:
        """Whether real money moves."""
        ...

    @property
    def env(self) -> str:
        """The mark of our own objects."""
        ...

    def open_session(self, params: Mapping[str, Any], key: str) -> SessionFacts:
        """Open a page where the payer pays."""
        ...

    def session(self, session_id: str) -> SessionFacts:
        """A session as it stands now."""
        ...

    def expire_session(self, session_id: str) -> SessionFacts:
        """Close a page where nobody has paid yet. Raises Refused where that is over: look at it then."""
        ...

    def refund(self, params: Mapping[str, Any], key: str) -> RefundFacts:
        """Give money back."""
        ...

    def refunds_of(self, intent_id: str) -> list[RefundFacts]:
        """All refunds of a payment."""
        ...

    def payments_since(self, timestamp: int) -> list[IntentFacts]:
        """Payments begun since a moment (seconds since 1970)."""
        ...
