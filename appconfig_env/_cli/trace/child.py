"""The process that `trace` times: a cold start like the wrapper's; executes no command.

The hooks are imported by path, because the import of the package itself is to be measured.
"""

import time

BEGAN_NS = time.monotonic_ns()  # first of all: the time until here is the interpreter's

import _signal  # type: ignore[import-not-found] # noqa: E402
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
# Ctrl-C ends this process silently, like `trace` itself.
_signal.signal(_signal.SIGINT, _signal.SIG_DFL)
pipe = int(sys.argv[1])
os.set_inheritable(pipe, False)  # noqa: FBT003 - botocore's child processes must not keep it open
READY_NS = time.monotonic_ns()  # the tracer's own time until here is subtracted

# As __main__.py does.
stub = type(sys)("appconfig_env")
stub.__path__ = [package]
sys.modules["appconfig_env"] = stub

from appconfig_env import _late_site  # noqa: E402

_late_site.install()

from appconfig_env._wrapper.exec import initial_environ  # noqa: E402
from appconfig_env._wrapper.main import main  # noqa: E402

code = main(
    [sys.executable],  # never executed; a Python, for which env=no sources are deferred
    initial_environ(),
    execve=recorder.execve,
    start_background=lambda _work, _seconds: None,  # startup does not wait for it
    write_line=recorder.lines.append,
)

recording = {"began": BEGAN_NS, "ready": READY_NS, "code": code, **recorder.recording()}

import json  # noqa: E402 - if the traced code imports it, that import must be measured

_signal.signal(_signal.SIGPIPE, _signal.SIG_DFL)  # if `trace` has ended, end silently
with os.fdopen(pipe, "w", encoding="ascii") as file:
    file.write(f"{json.dumps(recording)}\n")
