"""What an event says: a small JSON that names a thing and where to read about it. The same event has the same bytes whenever it is sent. Pure."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

from models.webhooks import WebhookEvent
from portal.webhooks.kinds import ALL, API_VERSION


def told(event: WebhookEvent, base_url: str) -> dict[str, Any]:
    """An event as plain data; `base_url` is the portal's address from outside."""
    return {
        "id": event.public_id,
        "type": event.kind,
        "api_version": API_VERSION,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "object": {"type": ALL[event.kind].thing, "number": event.number, "url": base_url.rstrip("/") + event.link},
        "details": event.details,
    }


def body(event: WebhookEvent, base_url: str) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps(told(event, base_url), ensure_ascii=False, separators=(",", ":")).encode()
