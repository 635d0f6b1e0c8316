"""examples/serverless, with `osls package`. Not proven: what needs an account, `osls deploy`.

For a layer, osls looks at the stack that is deployed. Here moto responds that there is none.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import yaml

from ..support.paths import ROOT
from .deployed import check, from_cloudformation
from .tools import OSLS, needs_tools, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Example = Callable[[str], Path]

CONFIGURATION = ROOT / "examples" / "serverless" / "serverless.yml"


@needs_tools
def test_the_package_has_a_function_that_may_read_its_sources_and_nothing_else(
    example: Example, layer: Path, moto_server: str
) -> None:
    folder = example("serverless")

    result = run(
        OSLS,
        "package",
        "--package",
        "out",
        folder=folder,
        LAYER=str(layer),
        AWS_ENDPOINT_URL=moto_server,
        AWS_ACCESS_KEY_ID="testing",
        AWS_SECRET_ACCESS_KEY="testing",
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert "warning" not in (result.stdout + result.stderr).lower()
    path = folder / "out" / "cloudformation-template-update-stack.json"
    template: dict[str, Any] = json.loads(path.read_text())
    check(from_cloudformation(template))
    with zipfile.ZipFile(folder / "out" / "shop.zip") as archive:
        assert archive.namelist() == ["src/handler.py"]


def test_without_a_variable_it_is_the_layer_that_make_layer_builds() -> None:
    configuration = yaml.safe_load(CONFIGURATION.read_text().replace("!", ""))
    artifact = configuration["layers"]["appconfigEnv"]["package"]["artifact"]

    path = artifact.partition("'")[2].rstrip("'}")
    assert artifact.startswith("${env:LAYER, '")
    assert (CONFIGURATION.parent / path).resolve() == ROOT / "dist" / "appconfig-env-layer.zip"
