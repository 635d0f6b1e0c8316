"""The command as a file, as the wrapper starts it (`python -I -S .../__main__.py`), or with -m."""

import sys

if not __package__:
    sys.path.insert(0, __file__.rpartition("/")[0].rpartition("/")[0])

from appconfig_env import _site_on_demand, cli

_site_on_demand.install()
raise SystemExit(cli.main())
