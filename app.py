"""The WSGI entry: `app:app`. Nothing else lives here."""

from portal import create_app
from portal.settings import Settings

app = create_app(Settings.from_env())
