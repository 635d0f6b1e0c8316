"""The command's entry point: the wrapper runs it by path (`python -I -S .../__main__.py`)."""

import gc
import sys

gc.disable()  # saves 1 ms; this process ends, or is replaced by exec, after some milliseconds

if sys.version_info < (3, 11):  # noqa: UP036 - the wrapper may find an older python3
    raise SystemExit(
        "appconfig-env: error: expected Python 3.11 or newer, got %d.%d (%s)"  # noqa: UP031 - 3.5 too
        % (sys.version_info[0], sys.version_info[1], sys.executable)
    )
if not __package__:
    sys.path.insert(0, __file__.rpartition("/")[0].rpartition("/")[0])

from appconfig_env import _late_site  # noqa: E402 - needs the path added above
from appconfig_env._cli.main import main  # noqa: E402

_late_site.install()
raise SystemExit(main())
