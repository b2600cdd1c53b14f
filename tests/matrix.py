"""The permission matrix: every address × method × person × object, expected from one table, walked by itself.

What a page asks stands beside its route (portal/web/guard.py) and who may do what in portal/permissions.py; `expected`
below is the one table that joins the two. A new route is covered the moment it is registered. Where its address has a
parameter, the room says in `tests/rooms/<room>/makers.py` how to make an object for it:

    @maker("month")
    def month(user, which): ...      # which: "own", "foreign" or "missing"; returns the text for the address

A page whose objects stand in its query (`?broker=…`) gets `@maker(QUERY, "its.endpoint")`, which returns the query.
Every answer is searched for what this person must not see (tests/canaries.py). A parameter without a maker is a fault, and so is a refused write that changes a row, a "foreign" answer that differs
from the "missing" one, and any answer of 500.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
import re
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import parse_qsl

import pysqlite3.dbapi2 as sqlite
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import tests.rooms
from models import Base, db
from models.identity import Role, User, UserState
from portal import clock
from portal.identity import sessions
from portal.permissions import Scope, scope_of
from portal.transaction import transaction
from portal.web.guard import Door, Policy, policies
from tests.canaries import leaks
from tests.people import change, form_token, seat, someone
from tests.rooms.pages.firm import NUMBERS
from tests.shelf import HOLD_PAGES

Which = Literal["own", "foreign", "missing"]
Maker = Callable[[User | None, Which], str]
Answer = Literal["sign in", "second factor", "confirm", "forbidden", "missing", "answered"]

QUERY = "?"
"""Stands for the query of an address."""
MAKERS: dict[tuple[str, str], Maker] = {}
KINDS: tuple[Which, ...] = ("own", "foreign", "missing")
STRANGERS = ("anonymous", "disabled", "former")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
MAY_CHANGE = {"sign_in_attempt"}
"""Tables that a refused request may write: the record of tries."""
LEADS_TO_SIGN_IN = {"identity.sign_out"}
"""Pages whose right answer is a way to the sign-in page."""
AGAIN = timedelta(seconds=30)
"""How long a browser serves again: less than after what time a session's last use is written down."""


def maker(parameter: str, endpoint: str = "") -> Callable[[Maker], Maker]:
    """Say how to make objects for a parameter of addresses (of one endpoint, or of all)."""

    def keep(make: Maker) -> Maker:
        MAKERS[endpoint, parameter] = make
        return make

    return keep


def load_makers() -> None:
    """Import `makers` of every room's tests."""
    for room in pkgutil.iter_modules(tests.rooms.__path__):
        name = f"tests.rooms.{room.name}.makers"
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise


@dataclass(frozen=True)
class Someone:
    """A column of the matrix: a person in one standing."""

    name: str
    role: Role | None = None

    @property
    def roles(self) -> list[Role]:
        """The roles he holds now."""
        return [self.role] if self.role else []


PEOPLE = (*(Someone(name) for name in STRANGERS), Someone("half", Role.ADMIN), Someone("stale", Role.ADMIN), *(Someone(role.value, role) for role in Role))


def expected(policy: Policy, person: Someone, which: Which | None) -> Answer:
    """The one table: what a person gets from a page of this policy for such an object."""
    if policy.door is Door.PUBLIC:
        return "missing" if which in {"foreign", "missing"} else "answered"
    if person.name in STRANGERS or policy.door is Door.KEY:
        return "sign in"  # a cookie opens nothing to programs
    if policy.door is Door.SIGNING_IN:
        return "answered"
    if person.name == "half":
        return "second factor"
    scopes = [scope_of(person.roles, right) for right in policy.rights]
    if None in scopes:
        return "forbidden"
    if policy.fresh and person.name == "stale":
        return "confirm"
    narrowest = min(scope for scope in scopes if scope is not None)
    if which == "missing" or (which == "foreign" and narrowest < Scope.ALL):
        return "missing"
    return "answered"


def seen(response: TestResponse, endpoint: str) -> str:
    """What an answer amounts to."""
    where = response.headers.get("Location") or response.headers.get("HX-Redirect") or ""
    for start, answer in (("/sign-in", "sign in"), ("/second-factor", "second factor"), ("/confirm-password", "confirm")):
        if where.startswith(start + "?next=") or (where == start and endpoint not in LEADS_TO_SIGN_IN):
            return answer
    return {401: "sign in", 403: "forbidden", 404: "missing"}.get(response.status_code, "answered" if response.status_code < 500 else f"status {response.status_code}")


@dataclass
class Walk:
    """One walk over an application's addresses: those that begin with `only`, and of them one part of as many."""

    app: Flask
    only: str = ""
    part: tuple[int, int] = (1, 1)
    faults: list[str] = field(default_factory=list)
    cells: int = 0
    user_ids: dict[str, int] = field(default_factory=dict)
    browsers: dict[str, tuple[datetime, FlaskClient]] = field(default_factory=dict)
    form: tuple[str, str] | None = None
    objects: dict[tuple[str, str, str, Which], str] = field(default_factory=dict)
    rows: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = Rows(self.app)

    def run(self) -> Walk:
        """Walk all cells and collect the faults."""
        load_makers()
        known = policies(self.app)
        self._cast()
        for rule in self._rules():
            policy = known.get(rule.endpoint)
            if policy is None:
                self.faults.append(f"{rule.rule}: no policy")
                policy = Policy(Door.SIGNED_IN)
            bare = [name for name in rule.arguments if self._maker(rule, name) is None]
            if bare:
                self.faults.append(f"{rule.rule}: no maker for {', '.join(sorted(bare))}")
                continue
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                self._walk(rule, method, policy)
        return self

    def _rules(self) -> list[Rule]:
        """The addresses of this walk. Neighbours stay together: what was made for one serves the next."""
        rules = [rule for rule in self.app.url_map.iter_rules() if rule.endpoint != "static" and rule.rule.startswith(self.only)]
        number, parts = self.part
        start, end = (len(rules) * place // parts for place in (number - 1, number))
        return sorted(rules, key=lambda rule: (rule.rule, rule.endpoint))[start:end]

    def _cast(self) -> None:
        for person in PEOPLE:
            if person.name != "anonymous":
                self.user_ids[person.name] = someone(self.app, person.role or Role.ADMIN, **NUMBERS)

    def _client(self, person: Someone, *, new: bool) -> FlaskClient:
        """A browser of this person; for strangers one whose session has died. One that saw only refusals serves again for a while."""
        made_at, client = self.browsers.get(person.name, (None, None))
        if new or client is None or made_at is None or clock.now() - made_at > AGAIN:
            client = self._new_client(person)
            if not new:
                self.browsers[person.name] = (clock.now(), client)
        return client

    def _new_client(self, person: Someone) -> FlaskClient:
        if person.name == "anonymous":
            return self.app.test_client()
        user_id = self.user_ids[person.name]
        if person.name == "disabled":
            change(self.app, user_id, state=UserState.ACTIVE)
        client = seat(self.app, user_id, whole=person.name != "half", fresh_at=clock.now() - timedelta(minutes=31) if person.name == "stale" else None)
        if person.name == "disabled":
            change(self.app, user_id, state=UserState.DISABLED)
        if person.name == "former":
            with self.app.app_context(), transaction():
                sessions.end_all(user_id=user_id, why="roles changed", moment=clock.now())
        return client

    def _maker(self, rule: Rule, name: str) -> Maker | None:
        return MAKERS.get((rule.endpoint, name)) or MAKERS.get(("", name))

    def _address(self, rule: Rule, person: Someone, which: Which | None, *, new: bool) -> tuple[str, dict[str, str]]:
        values = {name: self._object(rule, name, person, which, new=new) for name in self._parameters(rule)} if which else {}
        query = values.pop(QUERY, "")
        path = self.app.url_map.bind("localhost").build(rule.endpoint, {**(rule.defaults or {}), **values})
        return f"{path}?{query}" if query else path, {**values, **dict(parse_qsl(query))}

    def _parameters(self, rule: Rule) -> list[str]:
        return [*sorted(rule.arguments), *([QUERY] if (rule.endpoint, QUERY) in MAKERS else [])]

    def _object(self, rule: Rule, name: str, person: Someone, which: Which, *, new: bool) -> str:
        """The text of an object for an address. One that was only refused serves again."""
        own_maker = (rule.endpoint, name) in MAKERS
        key = (rule.endpoint if own_maker else "", name, person.name, which)
        if new or key not in self.objects:
            with self.app.app_context():
                user = db.session.get(User, self.user_ids[person.name]) if person.name in self.user_ids else None
                made = self._maker(rule, name)(user, which)  # type: ignore[misc]
                db.session.remove()
            if new:
                return made
            self.objects[key] = made
        return self.objects[key]

    def _walk(self, rule: Rule, method: str, policy: Policy) -> None:
        kinds: tuple[Which | None, ...] = KINDS if self._parameters(rule) else (None,)
        cells = [(person, which, expected(policy, person, which)) for person in PEOPLE for which in kinds]
        self._walk_refused(rule, method, [cell for cell in cells if cell[2] != "answered"])
        for person, which, answer in cells:
            if answer == "answered":
                new = method in UNSAFE
                client = self._client(person, new=new)
                token = self._shared_token(method, [client])
                self._ask(client, method, self._address(rule, person, which, new=new)[0], token, (rule, person, which, answer))
                if new:
                    self.browsers.pop(person.name, None)  # it may have ended the person's other sessions

    def _walk_refused(self, rule: Rule, method: str, cells: list[tuple[Someone, Which | None, Answer]]) -> None:
        ready = [(self._client(person, new=False), person, which, answer, self._address(rule, person, which, new=False)) for person, which, answer in cells]
        token = self._shared_token(method, [cell[0] for cell in ready])
        before = self.rows.digest()
        bodies: dict[str, list[tuple[TestResponse, dict[str, str]]]] = {}
        for client, person, which, answer, (address, values) in ready:
            response = self._ask(client, method, address, token, (rule, person, which, answer))
            if answer == "missing" and which:
                bodies.setdefault(person.name, []).append((response, values))
        if self.rows.digest() != before:
            self.faults.append(f"{method} {rule.rule}: a refused request changed the database")
        for name, answers in bodies.items():
            told = {value for _, values in answers for value in values.values()}
            texts = [plain(response, told) for response, _ in answers]
            if len(set(texts)) > 1:
                self.faults.append(f"{method} {rule.rule} as {name}: foreign and missing can be told apart by {_apart(*texts[:2])}")

    def _shared_token(self, method: str, clients: list[FlaskClient]) -> str:
        """One form token, with the cookie that it belongs to in each browser: refusals must not come from a missing token."""
        if method not in UNSAFE:
            return ""
        name = self.app.config["SESSION_COOKIE_NAME"]
        if not self.form:
            stranger = self.app.test_client()
            token, cookie = form_token(stranger), stranger.get_cookie(name)
            assert cookie is not None
            self.form = (token, cookie.value)
        for client in clients:
            client.set_cookie(name, self.form[1])
        return self.form[0]

    def _ask(self, client: FlaskClient, method: str, address: str, token: str, cell: tuple[Rule, Someone, Which | None, Answer]) -> TestResponse:
        rule, person, which, answer = cell
        response = client.open(address, method=method, data={"csrf_token": token} if token else None, headers={"X-Request-Id": "the-same-number", "Referer": "http://localhost/me"})
        self.cells += 1
        shown = leaks(response, roles=person.roles, stranger=person.name in {*STRANGERS, "half"}, endpoint=rule.endpoint, asked=address)
        self.faults += [f"{method} {rule.rule} as {person.name}{f' on {which}' if which else ''}: shows {canary}" for canary in shown]
        if (got := seen(response, rule.endpoint)) != answer:
            self.faults.append(f"{method} {rule.rule} as {person.name}{f' on {which}' if which else ''}: expected {answer}, got {got} ({response.status_code})")
        return response


def plain(response: TestResponse, told: Iterable[str]) -> str:
    """An answer without what differs by nature: form tokens, the bell's count, and what stands in the addresses that are compared. All of
    that is taken from each of them: a session's number may be that of the fault, 404."""
    text = re.sub(r'(name="csrf[-_]token"[^>]*(?:value|content)=")[^"]*', r"\1", response.text)
    text = re.sub(r'<a class="btn btn-quiet bell".*?</a>', "", text, flags=re.DOTALL)
    for value in told:  # as a whole word: the digits of a number stand in dates and file names too
        text = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", "…", text)
    return f"{response.status_code} {response.content_type} {text}"


def _apart(one: str, other: str) -> str:
    """Where two answers begin to differ."""
    place = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other)))
    return f"{one[max(0, place - 40) : place + 20]!r} against {other[max(0, place - 40) : place + 20]!r}"


@dataclass
class Rows:
    """What the tables hold, save those of MAY_CHANGE. SQLite says whether anybody has committed anything since the last look; where
    nobody has, nothing needs to be read again."""

    app: Flask
    looked: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        url = self.app.config["PORTAL"].database
        self.watcher = sqlite.connect(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None
        if self.watcher is not None:
            weakref.finalize(self, self.watcher.close)

    def digest(self) -> str:
        """A digest of every row of every table, as it stands now."""
        if self.watcher is None:
            return self._read()
        [version] = self.watcher.execute("PRAGMA data_version").fetchone()
        if self.looked is None or self.looked[0] != version:
            self.looked = (version, self._read())
        return self.looked[1]

    def _read(self) -> str:
        whole = hashlib.sha256()
        with self.app.app_context():
            for row in _rows():
                whole.update(row.encode())
            db.session.remove()
        return whole.hexdigest()


def _rows() -> Iterator[str]:
    """Read by the driver itself: rows of the ORM cost three times as much, and print long values cut short."""
    cursor = db.session().connection().connection.cursor()
    for table in _tables(cursor):
        yield table
        cursor.execute(f'SELECT * FROM "{table}"')
        yield from sorted(map(repr, cursor.fetchall()))


def _tables(cursor: Any) -> list[str]:
    """The tables to look into: on PostgreSQL those that have a page at all, the others have no row."""
    if db.engine.dialect.name == "postgresql":
        cursor.execute(HOLD_PAGES)
        return sorted(name for (name,) in cursor.fetchall() if name in Base.metadata.tables and name not in MAY_CHANGE)
    return [name for name in Base.metadata.tables if name not in MAY_CHANGE]
