"""The process that `trace` looks at: a start as the wrapper makes it, timed; executes nothing.

The hooks are loaded by their file, since what the package's own import costs is to be measured.
"""

import time

BEGAN_NS = time.monotonic_ns()  # before all else: until here it was the interpreter

import gc  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402

gc.disable()  # as __main__.py does
folder = __file__.rpartition("/")[0]
package = folder.rpartition("/")[0].rpartition("/")[0]
sys.path.insert(0, folder)
hooks = __import__("hooks")
sys.path[0] = package.rpartition("/")[0]
recorder = hooks.Recorder()
sys.meta_path.insert(0, hooks.ImportTimer(recorder))
pipe = int(sys.argv[1])
os.set_inheritable(pipe, False)  # noqa: FBT003 - what botocore starts must not hold it open
READY_NS = time.monotonic_ns()  # what the tracer took until here is taken out of the picture

# As __main__.py does.
bare = type(sys)("appconfig_env")
bare.__path__ = [package]
sys.modules["appconfig_env"] = bare

import appconfig_env._cli.main  # noqa: E402, F401 - the wrapper loads it
from appconfig_env import _late_site  # noqa: E402

_late_site.install()

from appconfig_env._wrapper.exec import initial_environ  # noqa: E402
from appconfig_env._wrapper.main import main  # noqa: E402

code = main(
    [sys.executable],  # never executed; it is one that env=no sources are left to a child for
    initial_environ(),
    execve=recorder.execve,
    overlap=lambda _work, _seconds: None,  # the start does not wait for it, so it is not shown
    say=recorder.lines.append,
)

told = {"began": BEGAN_NS, "ready": READY_NS, "code": code, **recorder.told()}

import json  # noqa: E402 - it may be the start's own to load, and so to be measured

with os.fdopen(pipe, "w", encoding="ascii") as file:
    file.write(f"{json.dumps(told)}\n")
