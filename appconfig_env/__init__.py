"""AppConfig, Parameter Store and Secrets Manager as environment variables, with refresh."""

from ._helper.helper import PROCESS_HELPER as _HELPER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._content.flags import Flag as Flag
    from ._models.bind import bind as bind
    from .errors import AmbiguousFlagError as AmbiguousFlagError
    from .errors import AppConfigEnvError as AppConfigEnvError
    from .errors import BindError as BindError
    from .errors import ConversionError as ConversionError
    from .errors import LoadError as LoadError
    from .errors import MissingKeyError as MissingKeyError
    from .errors import SettingsError as SettingsError
    from .errors import SourceError as SourceError
    from .errors import UnevaluatedFlagError as UnevaluatedFlagError

    __version__: str
else:  # hidden from type checkers, which would otherwise accept every name

    def __getattr__(name: str) -> object:
        # Loaded on first use: importlib.metadata costs 20 ms, and few handlers name a class.
        if name.endswith("Error") and name in __all__:
            from . import errors

            value: object = getattr(errors, name)
        elif name == "Flag":
            from ._content.flags import Flag  # few handlers name it, as above

            value = Flag
        elif name == "bind":
            from ._models.bind import bind  # few programs have models

            value = bind
        elif name == "__version__":
            value = _version()
        else:
            value = None
        if value is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value

    def _version() -> str | None:
        from importlib.metadata import version  # 20 ms, as above

        try:
            return version("appconfig-env")
        except Exception:  # noqa: BLE001 - not installed, or without METADATA: hasattr() is False
            return None

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__, "__version__"})


__all__ = [
    "AmbiguousFlagError",
    "AppConfigEnvError",
    "BindError",
    "ConversionError",
    "Flag",
    "LoadError",
    "MissingKeyError",
    "SettingsError",
    "SourceError",
    "UnevaluatedFlagError",
    "bind",
    "document",
    "flag",
    "get",
    "load",
    "on_change",
    "refresh",
    "require",
    "status",
]

get = _HELPER.get
require = _HELPER.require
load = _HELPER.load
document = _HELPER.document
flag = _HELPER.flag
refresh = _HELPER.refresh
on_change = _HELPER.on_change
status = _HELPER.status
