"""The command as a file, as the wrapper starts it (`python -I -S .../__main__.py`), or with -m."""

import gc
import sys

gc.disable()  # 1 ms; this process lives for some milliseconds, or becomes another one

if sys.version_info < (3, 11):  # noqa: UP036 - the wrapper starts with the python3 that is there
    raise SystemExit(
        "appconfig-env: error: expected Python 3.11 or newer, got %d.%d (%s)"  # noqa: UP031 - 3.5 too
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
IN_LAYER = False  # True in a layer, whose byte code is in bundles
if not __package__:
    # The package without its __init__: the wrapper has no use for the helper, which costs 2 ms.
    package = type(sys)("appconfig_env")
    package.__path__ = [__file__.rpartition("/")[0]]
    sys.path.insert(0, package.__path__[0].rpartition("/")[0])
    sys.modules["appconfig_env"] = package
    if IN_LAYER:
        from appconfig_env import _bytecode_bundle  # noqa: F401 - before all that it is to find

from appconfig_env import _late_site  # noqa: E402 - not to be found before
from appconfig_env._cli.main import main  # noqa: E402

_late_site.install()
raise SystemExit(main())
