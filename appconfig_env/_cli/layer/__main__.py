"""The layer builder as a module to run: `python -m appconfig_env._cli.layer`."""

import sys

from . import main

sys.exit(main())
