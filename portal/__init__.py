"""The portal: `create_app` is its table of contents."""

from __future__ import annotations

from flask import Flask

import portal.memory  # noqa: F401 - before polars is loaded
from portal import cli, i18n, keys, web
from portal.database import migrations, open_database
from portal.settings import ROOT, Settings
from portal.web import templating


def create_app(settings: Settings) -> Flask:
    """Build the application from its settings. Raises where something is missing that would make it unsafe to serve."""
    app = Flask(__name__, instance_path=settings.instance, template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config["PORTAL"] = settings
    templating.install(app)
    keys.install(app, settings)
    open_database(app, settings)
    migrations(app)
    i18n.install(app, settings)
    web.install(app, settings)
    cli.install(app)
    return app
