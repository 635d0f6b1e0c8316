"""What functions of the tests need."""

from __future__ import annotations

from appconfig_env._cli.init.starter import Starter, variables
from appconfig_env._cli.policy.needs import needs_of
from appconfig_env._config.settings import from_environ

ENVIRON = {
    "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/shop/prod/",
    "DB_PASSWORD": "secretsmanager:prod/db#password",
    "TITLE": "ssm:/shop/title?default=a%20%22b%22%20$c%20%7Bd%7D",
}
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:appconfig-env:7"


def starter(environ: dict[str, str] | None = None, layer: str = "", wheel: str = "") -> Starter:
    environ = ENVIRON if environ is None else environ
    settings = from_environ(environ)
    return Starter(variables(environ, settings), needs_of(settings), layer, wheel)
