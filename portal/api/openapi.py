"""What /api/v1 takes and gives, as an OpenAPI document (3.1). Written by hand; a test holds the real answers against it."""

from __future__ import annotations

from typing import Any

from models.introductions import LeadPurpose
from models.leads import ClaimState, LeadState
from models.partners import PersonKind
from portal.api.openapi_events import EVENT, HOOKS
from portal.api.reading import TEXTS

Schema = dict[str, Any]


def _text(longest: int, **more: Any) -> Schema:
    return {"type": "string", "maxLength": longest, **more}


def _object(properties: dict[str, Schema], *, optional: tuple[str, ...] = (), **more: Any) -> Schema:
    return {"type": "object", "properties": properties, "required": [name for name in properties if name not in optional], "additionalProperties": False, **more}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _faults(*statuses: int) -> dict[str, Schema]:
    found = {str(status): {"description": WHY[status], "content": _json(_ref("Fault"))} for status in statuses}
    if "429" in found:
        found["429"]["headers"] = {"Retry-After": {"description": "Seconds until you are heard again", "required": True, "schema": {"type": "integer", "minimum": 1}}}
    if "401" in found:
        found["401"]["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    return found


WHY = {
    400: "The request cannot be read: broken JSON, no Idempotency-Key, or no number",
    401: "No key that lives",
    403: "The owner of the key may not do this at present",
    404: "No lead of yours under this address",
    409: "The Idempotency-Key was used for another request",
    413: "The body is larger than 64 kB",
    415: "The body is not application/json",
    422: "Fields that do not hold; each is named",
    429: "Asked about too many people; nothing is said about this one",
    503: "The database is away or busy; nothing was changed, try again",
}
LEAD = {"id": _text(32), "number": _text(40), "state": {"enum": [state.value for state in LeadState]}, "registered_at": _text(40, format="date-time")}
DAY = {"type": ["string", "null"], "format": "date"}
SCHEMAS: dict[str, Schema] = {
    "Person": _object(
        {
            "name": _text(TEXTS["name"], minLength=1),
            "phone": _text(TEXTS["phone"], description="With its country code, or of mainland China without one", examples=["13812345678", "+85251234567"]),
            "id_no": _text(TEXTS["id_no"], description="身份证 of a person, 统一社会信用代码 of an institution; its check digit must hold"),
            "email": _text(TEXTS["email"]),
            "kind": {"enum": [kind.value for kind in PersonKind], "default": PersonKind.PERSON.value},
            "note": _text(TEXTS["note"]),
            "consents": {"type": "array", "maxItems": len(LeadPurpose), "items": _ref("Consent"), "description": "What the person agreed to, each purpose once"},
        },
        optional=("phone", "id_no", "email", "kind", "note", "consents"),
        anyOf=[{"required": ["phone"]}, {"required": ["id_no"]}],
    ),
    "Consent": _object(
        {"purpose": {"enum": [purpose.value for purpose in LeadPurpose]}, "text_version": {"type": "integer", "description": "The version of the text that the person read"}}
    ),
    "Lead": _object(LEAD),
    "Answer": _object(
        {
            "answer": {
                "enum": ["new", "yours", "protected", "client"],
                "description": "new: yours from now on; yours: claimed by you already; protected: another's claim holds until `until`; client: a client already",
            },
            "until": {**DAY, "description": "The last day of the claim that holds"},
            "lead": {"oneOf": [_ref("Lead"), {"type": "null"}], "description": "Only where it is yours"},
        }
    ),
    "ClaimedLead": _object(
        {
            **LEAD,
            "name": _text(120),
            "claim": {"enum": [state.value for state in ClaimState]},
            "protected_until": {"type": "string", "format": "date"},
            "receipt": {"type": ["object", "null"]},
        }
    ),
    "Named": _object({"number": _text(64), "name": _text(120)}),
    "Called": _object(
        {
            "known": {"type": "boolean", "description": "Whether it is the number of a client, of a broker, or of somebody of the staff"},
            "as_of": {**DAY, "description": "The settled day of the amounts"},
            "page": _text(400, description="Where a person sees the same"),
            "lead_form": {"type": ["string", "null"], "description": "Where a number that nobody has is registered"},
            "callers": {"type": "array", "items": _ref("Caller")},
            "looked_after_by": {"type": "array", "items": _ref("Named"), "description": "Who looks after a client whose care you do not see"},
            "staff": {"type": "array", "items": _ref("Named")},
            "brokers": {"type": "array", "items": _ref("Named")},
        }
    ),
    "Caller": _object(
        {
            "client_no": _text(64),
            "name": _text(120),
            "kind": {"enum": [kind.value for kind in PersonKind]},
            "grade": {"type": ["string", "null"], "description": "The suitability grade of the last test"},
            "grade_until": {**DAY, "description": "The last day of that test"},
            "consents": {"type": "object", "additionalProperties": {"type": "boolean"}, "description": "By purpose: whether the client allows it to the text of today"},
            "next_event": {"oneOf": [_object({"title": _text(120), "starts_at": _text(40, format="date-time")}), {"type": "null"}]},
            "accounts": {"type": "array", "items": _ref("CallerAccount")},
            "contacts": {"type": "array", "items": _ref("CallerContact")},
            "tasks": {"type": "array", "items": _ref("CallerTask")},
        }
    ),
    "CallerAccount": _object(
        {
            "account_no": _text(64),
            "closed": {"type": "boolean"},
            "equity": {"type": ["integer", "null"], "description": "Fen"},
            "risk_degree": {"type": ["integer", "null"], "description": "Margin ÷ equity in hundredths of a per cent; null where the equity is not above 0"},
            "served_by": {"type": "array", "items": _ref("Named")},
            "introduced_by": {"type": "array", "items": _ref("Named")},
        }
    ),
    "CallerContact": _object({"at": _text(40, format="date-time"), "channel": _text(20), "outcome": _text(20), "note": _text(2000), "staff_no": _text(64)}),
    "CallerTask": _object({"kind": _text(40), "due_on": {"type": "string", "format": "date"}, "note": _text(2000), "staff_no": _text(64)}),
    "Fault": _object(
        {
            "error": _object(
                {
                    "status": {"type": "integer"},
                    "message": {"type": "string"},
                    "request_id": {"type": "string"},
                    "fields": {"type": "array", "items": _object({"name": {"type": "string"}, "message": {"type": "string"}})},
                },
                optional=("fields",),
            )
        }
    ),
}
REPLAYED = {"description": "Whether this is the answer of an earlier request of the same name", "required": True, "schema": {"enum": ["true", "false"]}}
REGISTER: Schema = {
    "operationId": "registerLead",
    "summary": "Register somebody whom you introduce",
    "description": "Who registers a person first is protected for a time. You learn whether the person is new, never whose he is.",
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "Your own name for this request. Send it again with the same body and you get the same answer, for ever.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"},
        }
    ],
    "requestBody": {"required": True, "content": _json(_ref("Person"))},
    "responses": {
        "200": {"description": "Known: yours, another's, or a client", "headers": {"Idempotent-Replayed": REPLAYED}, "content": _json(_ref("Answer"))},
        "201": {
            "description": "New, and yours from now on",
            "headers": {"Idempotent-Replayed": REPLAYED, "Location": {"required": True, "schema": {"type": "string"}}},
            "content": _json(_ref("Answer")),
            "links": {"theLead": {"operationId": "getLead", "parameters": {"lead_no": "$response.body#/lead/id"}}},
        },
        **_faults(400, 401, 403, 409, 413, 415, 422, 429, 503),
    },
}
GET_LEAD: Schema = {
    "operationId": "getLead",
    "summary": "A lead that you claim, with the signed receipt of your claim",
    "parameters": [{"name": "lead_no", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}],
    "responses": {"200": {"description": "The lead", "content": _json(_ref("ClaimedLead"))}, **_faults(401, 403, 404, 503)},
}
CALLER: Schema = {
    "operationId": "findCaller",
    "summary": "Whose a number is that calls, with what whoever picks up should know",
    "description": "For the firm's own staff: you see the clients whose care you see on screen. Every look-up is written down with who asked.",
    "parameters": [{"name": "number", "in": "query", "required": True, "schema": _text(40, minLength=1)}],
    "responses": {"200": {"description": "Whose it is", "content": _json(_ref("Called"))}, **_faults(400, 401, 403, 503)},
}
DOCUMENT: Schema = {
    "openapi": "3.1.0",
    "info": {"title": "Juyuan", "version": "1", "description": "Register leads from a program. Make a key under “My settings”, and send it as a bearer token."},
    "servers": [{"url": "/"}],
    "paths": {"/api/v1/leads": {"post": REGISTER}, "/api/v1/leads/{lead_no}": {"get": GET_LEAD}, "/api/v1/caller": {"get": CALLER}},
    "webhooks": HOOKS,
    "components": {"schemas": {**SCHEMAS, "Event": EVENT}, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "security": [{"key": []}],
}
