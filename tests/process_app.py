"""The market as gunicorn serves it in tests: the app of `wsgi.py` with a quick encoder.

Each answer names the process that gave it, so that a test can tell the workers apart.
"""

from __future__ import annotations

import os

import flask

from market.app import create_app
from market.settings import Settings
from matching.encoder import HashingEncoder


def build() -> flask.Flask:
    app = create_app(Settings.from_env(os.environ), encoder=HashingEncoder(dim=64))

    @app.after_request
    def name_worker(response: flask.Response) -> flask.Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    return app
