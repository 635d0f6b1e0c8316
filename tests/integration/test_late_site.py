"""site-packages, added at the first import that fails, in whichever thread that is."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from ..support.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

IMPORT = '''
import importlib, sys, threading, time, types
sys.path.insert(0, sys.argv[1])
from appconfig_env import _late_site
_late_site.install()
finder = sys.meta_path[-1]

class Slow:
    """So that all threads have begun before the first one gets further."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        time.sleep(0.3)

def main():
    try:
        import sitecustomize
    except ModuleNotFoundError:
        print("no sitecustomize")
    sys.path.append(sys.argv[2])

sys.modules["site"] = types.ModuleType("site")
sys.modules["site"].main = main
sys.meta_path.insert(0, Slow)
found = {}

def find(name):
    try:
        found[name] = importlib.import_module(name).__name__
    except Exception as error:
        found[name] = type(error).__name__

names = ("one", "two", "no_such_module", "three")
threads = [threading.Thread(target=find, args=(name,)) for name in names]
for thread in threads:
    thread.start()
    time.sleep(0.05)
for thread in threads:
    thread.join()
print(*[found[name] for name in names])
print(finder in sys.meta_path)
'''


def test_threads_that_miss_modules_at_once_all_find_them(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"{name}.py").touch()
    command = [sys.executable, "-I", "-S", "-c", IMPORT, str(ROOT), str(tmp_path)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout.splitlines() == [
        "no sitecustomize",
        "one two ModuleNotFoundError three",
        "False",
    ], done.stderr
