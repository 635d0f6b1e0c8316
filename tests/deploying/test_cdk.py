"""examples/cdk, with `app.synth()`. Not proven: what needs an account, `cdk deploy`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..support.paths import ROOT
from .deployed import check, from_cloudformation
from .tools import PYTHON, code_sha256, needs_tools, run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    Example = Callable[[str], Path]

pytestmark = needs_tools


def synth(folder: Path, **context: str) -> subprocess.CompletedProcess[str]:
    """Run the app as `cdk synth` does, which passes the context of its options."""
    return run(
        PYTHON, "app.py", folder=folder, CDK_CONTEXT_JSON=json.dumps(context), CDK_OUTDIR="cdk.out"
    )


def test_the_app_makes_a_function_that_may_read_its_sources_and_nothing_else(
    example: Example, layer: Path
) -> None:
    folder = example("cdk")

    result = synth(folder, layer=str(layer), code_sha256=code_sha256(layer))

    assert (result.returncode, result.stderr) == (0, "")
    template: dict[str, Any] = json.loads((folder / "cdk.out" / "Shop.template.json").read_text())
    check(from_cloudformation(template))
    zips = [path for path in (folder / "cdk.out").iterdir() if path.suffix == ".zip"]
    assert [path.read_bytes() for path in zips] == [layer.read_bytes()], "uploaded as it is"


def test_a_layer_with_another_hash_is_refused(example: Example, layer: Path) -> None:
    folder = example("cdk")

    result = synth(folder, layer=str(layer), code_sha256="AAAA")

    assert result.returncode == 1
    assert f"CodeSha256 {code_sha256(layer)}, expected AAAA" in result.stderr
    assert not (folder / "cdk.out" / "Shop.template.json").exists()


def test_without_a_context_it_is_the_layer_that_make_layer_builds() -> None:
    text = (ROOT / "examples" / "cdk" / "app.py").read_text()

    assert 'LAYER = HERE.parent.parent / "dist" / "appconfig-env-layer.zip"' in text
    assert 'Path(app.node.try_get_context("layer") or LAYER)' in text
