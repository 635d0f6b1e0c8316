"""A Lambda function that reads its configuration at startup, and refreshed values afterwards."""

import os

import appconfig_env

DB_HOST = os.environ["DB_HOST"]  # the value as of the cold start


def handler(event: object, context: object) -> dict[str, object]:
    """Return the current configuration."""
    return {
        "db": f"{DB_HOST}:{appconfig_env.get('DB_PORT', 5432, type=int)}",
        "greeting": appconfig_env.get("GREETING", "Hi"),
        "page_size": appconfig_env.get("CATALOG_PAGE_SIZE", 10, type=int),
        "checkout": bool(appconfig_env.flag("checkout")),
    }
