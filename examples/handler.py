"""A Lambda function that reads its configuration: at the start, and fresh afterwards."""

import os

import appconfig_env

DB_HOST = os.environ["DB_HOST"]  # as of the cold start, like half the world reads it


def handler(event: object, context: object) -> dict[str, object]:
    """Answer with what the configuration says now."""
    return {
        "db": f"{DB_HOST}:{appconfig_env.get('DB_PORT', 5432, type=int)}",
        "greeting": appconfig_env.get("GREETING", "Hi"),
        "page_size": appconfig_env.get("CATALOG_PAGE_SIZE", 10, type=int),
        "checkout": bool(appconfig_env.flag("checkout")),
    }
