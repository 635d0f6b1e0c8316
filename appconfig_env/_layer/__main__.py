"""The builder as a command of its own: `python -m appconfig_env._layer`, as `sam build` runs it."""

import sys

from . import main

sys.exit(main())
