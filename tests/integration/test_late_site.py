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


NESTED = """
import sys, threading, types
sys.path.insert(0, sys.argv[1])
from appconfig_env import _late_site
_late_site.install()
sys.path.append(sys.argv[2])
gate = types.ModuleType("gate")
gate.held, gate.in_site = threading.Event(), threading.Event()
sys.modules["gate"] = gate

def main():
    gate.in_site.set()
    import held  # another thread is importing it

sys.modules["site"] = types.ModuleType("site")
sys.modules["site"].main = main

def miss():
    try:
        import no_such_module
    except ModuleNotFoundError:
        print("missed")

holder = threading.Thread(target=__import__, args=("held",), daemon=True)
holder.start()
gate.held.wait()
misser = threading.Thread(target=miss, daemon=True)
misser.start()
for thread in (holder, misser):
    thread.join(30)
    print(thread.is_alive())
"""
HELD = """
import gate
gate.held.set()
gate.in_site.wait()
import colorsys  # takes the lock of all imports
"""


def test_a_module_that_site_packages_need_may_be_in_another_threads_hands(tmp_path: Path) -> None:
    (tmp_path / "held.py").write_text(HELD)

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", NESTED, str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert sorted(done.stdout.split()) == ["False", "False", "missed"]
