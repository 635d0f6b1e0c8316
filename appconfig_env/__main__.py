"""The command as a file: `python -I -S .../appconfig_env/__main__.py`, as the wrapper starts it, or `-m`."""

import sys

if not __package__:
    sys.path.insert(0, __file__.rpartition("/")[0].rpartition("/")[0])

from appconfig_env import _site_on_demand, cli

_site_on_demand.install()
raise SystemExit(cli.main())
