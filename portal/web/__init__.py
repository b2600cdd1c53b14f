"""What every screen shares: guards, forms, paging and filters, faults, headers."""

from __future__ import annotations

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.utils import import_string

from portal.settings import Settings
from portal.web import converters, faults, guard, headers, health, hosts, signed_in
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
    CSRFProtect(app)
    app.register_blueprint(health.bp)
    for name in INSTALLERS:
        import_string(name).install(app, settings)
    for name in BLUEPRINTS:
        app.register_blueprint(import_string(name))
    guard.install_guard(app)
