"""AppConfig, Parameter Store and Secrets Manager as environment variables, with refresh."""

from ._helper.helper import Helper as _Helper
from .errors import AmbiguousFlagError as AmbiguousFlagError
from .errors import AppConfigEnvError as AppConfigEnvError
from .errors import ConversionError as ConversionError
from .errors import LoadError as LoadError
from .errors import MissingKeyError as MissingKeyError
from .errors import SettingsError as SettingsError
from .errors import SourceError as SourceError

_helper = _Helper()

get = _helper.get
document = _helper.document
flag = _helper.flag
refresh = _helper.refresh
on_change = _helper.on_change
status = _helper.status
