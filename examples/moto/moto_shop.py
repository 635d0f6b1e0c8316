"""A handler whose parameters and secret are in AWS: the tests keep them in moto."""

from dataclasses import dataclass, field

import appconfig_env


@dataclass
class Settings:
    """The settings: parameters below /shop/prod/, and a secret."""

    db_host: str
    db_password: str = field(repr=False)
    page_size: int = 10


def handler(event: object, context: object) -> dict[str, object]:
    """Return the settings that are not secret."""
    settings = appconfig_env.bind(Settings)
    return {
        "db": settings.db_host,
        "page_size": settings.page_size,
        "has_password": bool(settings.db_password),
    }
