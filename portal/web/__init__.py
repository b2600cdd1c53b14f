"""What every screen shares: guards, forms, paging and filters, faults, headers."""

from __future__ import annotations

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.utils import import_string

from portal.settings import Settings
from portal.web import converters, faults, guard, headers, health, hosts, reports, signed_in
from portal.web.blueprints import BLUEPRINTS, INSTALLERS


def install(app: Flask, settings: Settings) -> None:
    """Bind what every request needs, and every room's pages. Raises Unguarded where a page has no policy.

    The order counts: who is calling, then whether they may, then whether their own page sent the form. A stranger's
    large body is thus refused before anything reads it.
    """
    hosts.install(app, settings)
    converters.install(app)
    headers.install(app, settings)
    faults.install(app)
    signed_in.install(app, settings)
    guard.watch(app)
    tokens = CSRFProtect(app)
    tokens.exempt(reports.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(reports.bp)
    for name in INSTALLERS:
        import_string(name).install(app, settings)
    for name in BLUEPRINTS:
        app.register_blueprint(import_string(name))
    guard.install_guard(app)
    tokens.exempt(import_string("portal.pages.club_stripe:bp"))  # signed by who sends it, which no browser can
    tokens.exempt(import_string("portal.pages.outbox_choices:stop"))  # a mail program ends mails by itself (RFC 8058); the signed address is the token
    for endpoint, policy in guard.policies(app).items():
        if policy.door is guard.Door.KEY:  # no browser sends a program's key by itself
            tokens.exempt(app.view_functions[endpoint])
