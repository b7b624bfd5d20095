"""The WSGI application, built from the environment: `gunicorn wsgi:app`."""

import os

from market.app import create_app
from market.settings import Settings

app = create_app(Settings.from_env(os.environ))
