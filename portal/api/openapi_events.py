"""What the portal tells other systems by itself, as the part `webhooks` of the OpenAPI document: made from the kinds of events there are."""

from __future__ import annotations

from typing import Any

from portal.webhooks.kinds import ALL, API_VERSION, Kind
from portal.webhooks.signatures import HEADER

Schema = dict[str, Any]
EVENT: Schema = {
    "type": "object",
    "required": ["id", "type", "api_version", "occurred_at", "object", "details"],
    "properties": {
        "id": {"type": "string", "description": "Stays the same however often the event comes: do nothing the second time"},
        "type": {"enum": list(ALL)},
        "api_version": {"const": API_VERSION},
        "occurred_at": {"type": "string", "format": "date-time"},
        "object": {
            "type": "object",
            "required": ["type", "number", "url"],
            "properties": {"type": {"type": "string"}, "number": {"type": "string"}, "url": {"type": "string", "description": "Where somebody who may sees more"}},
        },
        "details": {"type": "object", "description": "Codes and numbers; never names, phone or ID numbers, or amounts"},
    },
}


def _hook(kind: str, found: Kind) -> Schema:
    example = {
        "id": "evt_…",
        "type": kind,
        "api_version": API_VERSION,
        "occurred_at": "2026-11-20T08:00:00.000Z",
        "object": {"type": found.thing, "number": found.number, "url": f"https://portal.example{found.link}"},
        "details": found.details,
    }
    signed = {"name": HEADER, "in": "header", "required": True, "description": "t=…,v1=HMAC-SHA256 of `<t>.<body>` under the endpoint's secret", "schema": {"type": "string"}}
    return {
        "post": {
            "operationId": "on_" + kind.replace(".", "_"),
            "summary": found.label,
            "parameters": [signed],
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Event"}, "example": example}}},
            "responses": {"2XX": {"description": "Taken; anything else is tried again"}},
            "security": [],
        }
    }


HOOKS: Schema = {kind: _hook(kind, found) for kind, found in ALL.items()}
