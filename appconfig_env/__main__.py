"""The command's entry point: the wrapper runs it by path (`python -I -S .../__main__.py`)."""

import gc
import sys

gc.disable()  # saves 1 ms; this process ends, or is replaced by exec, after some milliseconds

if sys.version_info < (3, 11):  # noqa: UP036 - the wrapper may find an older python3
    raise SystemExit(
        "appconfig-env: error: expected Python 3.11 or newer, got %d.%d (%s); "  # noqa: UP031 - 3.5 too
        "put a newer one first on PATH" % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
IN_LAYER = False  # True in a layer, whose byte code is in bundles
if not __package__:
    # The package without its __init__, whose import of the helper would cost the wrapper 2 ms.
    package = type(sys)("appconfig_env")
    package.__path__ = [__file__.rpartition("/")[0]]
    # At the end: the folder may have a module of the function's own that is named like Python's.
    sys.path.append(package.__path__[0].rpartition("/")[0])
    sys.modules["appconfig_env"] = package
    if IN_LAYER:
        from appconfig_env import _bytecode_bundle  # noqa: F401 - before the modules that it finds

from appconfig_env import _late_site  # noqa: E402 - needs the path added above

_late_site.install()
if "/" in "".join(sys.argv[1:2]):  # Lambda's call, see _cli/main.py; without the verbs it is faster
    from appconfig_env._wrapper.main import run

    raise SystemExit(run(sys.argv[1:]))
from appconfig_env._cli.main import main  # noqa: E402

raise SystemExit(main())
