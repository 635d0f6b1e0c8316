"""A function that reads its configuration at the cold start, and refreshed values afterwards."""

import os

import appconfig_env

DB_HOST = os.environ["DB_HOST"]  # the value as of the cold start


def handler(event: object, context: object) -> dict[str, object]:
    """Return the current configuration, without the password."""
    return {
        "db_host": DB_HOST,
        "greeting": appconfig_env.get("GREETING", "Hi"),
        "page_size": appconfig_env.get("CATALOG_PAGE_SIZE", 10, type=int),
        "has_password": bool(os.environ["DB_PASSWORD"]),
    }
