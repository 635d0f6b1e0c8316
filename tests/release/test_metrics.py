"""metrics.md against the code: its table, its line, its alarm."""

from __future__ import annotations

import json
import re

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._cache import metrics
from appconfig_env._cache.load import load
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

from ..support.emf import extracted
from ..support.paths import ROOT
from . import test_template as template

PAGE = (ROOT / "docs" / "metrics.md").read_text()
AT = 1_767_225_600.0


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_table_lists_every_metric_and_its_unit() -> None:
    assert dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE, re.MULTILINE)) == metrics.UNITS
    assert f"namespace is `{metrics.NAMESPACE}`" in PAGE
    assert f"dimension `{metrics.FUNCTION}`" in PAGE


def test_the_line_is_what_a_failed_refresh_writes() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/"})
    (reference,) = settings.resources()
    backend = FakeBackend()
    backend.documents[reference] = Document(parameters={"/shop/prod/host": "h"})
    good = load(settings, backend, AT - 95.2, timeout=1)
    backend.documents[reference] = Failure("throttled", "no")
    failed = load(settings, backend, AT, good, timeout=1, even_fresh=[reference])
    environ = {"AWS_LAMBDA_FUNCTION_NAME": "checkout"}

    line = metrics.refresh_line(environ, AT, good, failed)

    assert block("json") == f"{line}\n"
    assert 250 < len(line) < 350, "about 300 bytes"


def test_the_alarm_is_on_a_metric_and_a_dimension_that_lines_have() -> None:
    (alarm,) = template.load(block("yaml")).values()

    properties = alarm["Properties"]
    found = extracted(json.dumps(json.loads(block("json"))))
    assert properties["Namespace"] == found.namespace
    assert properties["MetricName"] in found.metrics
    assert [one["Name"] for one in properties["Dimensions"]] == list(found.dimensions)
    assert properties["Dimensions"][0]["Value"] in str(template.resources().keys())
