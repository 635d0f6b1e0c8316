"""Every public name has a declared type: pyright's report on the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import appconfig_env

from ..support.paths import ROOT

# Not annotated where they are bound: methods of the one helper, with a signature that is. What they
# return is in tests/typing/api.py. The provider derives from a class of the OpenFeature SDK, a
# namespace package, whose py.typed pyright does not find; its types are in that file too.
INFERRED = {
    f"appconfig_env.{name}"
    for name in ("document", "flag", "get", "load", "on_change", "refresh", "require", "status")
}
PUBLIC = (
    "appconfig_env", "appconfig_env.errors", "appconfig_env.pytest_plugin", "appconfig_env.testing",
)  # fmt: skip


def test_every_other_public_name_has_a_declared_type() -> None:
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, "--ignoreexternal", "--verifytypes", "appconfig_env"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    known = {
        symbol["name"]: symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]
        for symbol in symbols
        if symbol["name"].startswith(PUBLIC)
    }
    public = {
        name
        for name in known
        if name.rpartition(".")[0] in PUBLIC
        or name.startswith(("appconfig_env.errors.", "appconfig_env._content.flags.Flag"))
    }

    assert {f"appconfig_env.{name}" for name in appconfig_env.__all__} <= public
    assert {name for name in public if not known[name]} == INFERRED
