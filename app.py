"""The WSGI entry: `app:app`. Nothing else lives here."""

import gc

from werkzeug.utils import import_string

gc.disable()  # what is loaded here lives as long as the process: looking through it for rubbish, now or later, is time lost
app = import_string("portal:create_app")(import_string("portal.settings:Settings").from_env())
gc.freeze()
gc.enable()
