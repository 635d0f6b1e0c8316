"""A handler without any framework, for the tests with `unittest`."""

from dataclasses import dataclass

import appconfig_env


@dataclass
class Settings:
    """The settings: DB_HOST and so on."""

    db_host: str
    db_port: int = 5432


def handler(event: object, context: object) -> dict[str, object]:
    """Return where the database is, and whether there is a sale."""
    settings = appconfig_env.bind(Settings)
    return {
        "db": f"{settings.db_host}:{settings.db_port}",
        "sale": bool(appconfig_env.flag("sale")),
        "limit": appconfig_env.get("LIMIT", 10, type=int),
    }
