"""A Flask application whose settings are a dataclass with refreshed values.

Run it with `appconfig-env run -- flask --app flask_shop run`.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask, Response, jsonify

import appconfig_env


@dataclass(frozen=True)
class Settings:
    """The settings, read from SHOP_GREETING and so on."""

    greeting: str
    page_size: int = 10
    currencies: list[str] = field(default_factory=lambda: ["EUR"])
    cache: timedelta = timedelta(minutes=5)


def create_app() -> Flask:
    """Return the application; settings that are missing or invalid end its start."""
    app = Flask(__name__)
    settings = appconfig_env.bind(Settings, "SHOP_")

    @app.get("/")
    def index() -> Response:
        response = jsonify(
            greeting=settings.greeting,  # as of the last refresh, at each request
            page_size=settings.page_size,
            currencies=settings.currencies,
            sale=bool(appconfig_env.flag("sale")),
        )
        response.cache_control.max_age = int(settings.cache.total_seconds())
        return response

    return app
