"""The stand-in as an application, hung into the portal under /standin where it may be served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from portal.gateways import stripe as gateway
from portal.settings import ROOT, Settings
from portal.standin import api, api_dues, pages, portal
from portal.standin.post import Postman
from portal.standin.store import Store

WEBHOOK = "/club/stripe"


def make(folder: str, secret: str, *, address: str = "", webhook: str = "") -> Flask:
    """A stand-in whose file lies in a folder. `address` is its own, for links; `webhook`: where it sends events by itself (empty: nowhere)."""
    app = Flask("portal.standin", template_folder=str(ROOT / "templates"), static_folder=None)
    store = Store(str(Path(folder) / "standin.db"))
    app.config.update(STORE=store, ADDRESS=address, WEBHOOK_SECRET=secret, POSTMAN=Postman(store, secret, webhook) if webhook else None)
    app.register_blueprint(api.bp)
    app.register_blueprint(api_dues.bp)
    app.register_blueprint(portal.api)
    app.register_blueprint(pages.bp)
    app.register_blueprint(portal.bp)
    return app


def install(app: Flask, settings: Settings) -> None:
    """Check that the settings of Stripe belong together, and serve the stand-in where there is no key and nothing is at stake."""
    gateway.check(settings)
    if not settings.with_standin:
        return
    base = settings.base_url.rstrip("/")
    webhook = "" if settings.testing else base + WEBHOOK
    standin = make(settings.instance, gateway.standin_secret(app.config["SECRET_KEY"]), address=base + "/standin", webhook=webhook)
    app.extensions["standin"] = standin
    inner: Any = app.wsgi_app
    app.wsgi_app = DispatcherMiddleware(inner, {"/standin": standin})  # type: ignore[method-assign]
