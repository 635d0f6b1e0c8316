"""An OpenFeature provider for AppConfig's feature flags; knows the helper, but not AWS."""

try:
    from openfeature import provider as _sdk  # noqa: F401 - only to see whether it is there
except ImportError as error:
    raise ImportError(
        "appconfig_env.openfeature needs the OpenFeature SDK; "
        "run pip install 'appconfig-env[openfeature]'"
    ) from error

from .provider import AppConfigProvider as AppConfigProvider

__all__ = ["AppConfigProvider"]
