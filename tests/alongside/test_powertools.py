"""Powertools: its logger formats our log lines, and its metrics share standard output with ours."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..support.emf import extracted
from ..support.life import APP, SERVE
from ..support.paths import ROOT

if TYPE_CHECKING:
    from ..support.life import Life

PAGE = (ROOT / "docs" / "integrations.md").read_text()
(BLOCK,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
BEGIN, READ, REST = SERVE.partition("for line in sys.stdin")
PROGRAM = f"""
{BEGIN}
{BLOCK}
from aws_lambda_powertools import Metrics

metrics = Metrics(namespace="shop", service="shop")
metrics.set_default_dimensions(environment="prod")

def count():
    metrics.add_metric(name="Orders", unit="Count", value=1)
    metrics.flush_metrics()

{READ}{REST}"""


def test_the_logger_writes_our_lines_with_its_own_keys_and_our_fields(life: Life) -> None:
    runtime = life.start(program=PROGRAM)
    assert runtime.ask("get('LIMIT')") == "10"
    life.tick(60)
    life.aws.deny("GetLatestConfiguration")

    line = runtime.ask("get('LIMIT')")

    assert runtime.response() == "10"
    assert (line["level"], line["service"]) == ("WARNING", "shop")
    assert "GetLatestConfiguration failed: AccessDeniedException" in line["message"]
    assert (line["source"], line["kind"], line["operation"]) == (
        APP,
        "denied",
        "GetLatestConfiguration",
    )


def test_its_level_can_come_from_a_parameter(life: Life) -> None:
    life.aws.put_parameter("/shop/prod/powertools-log-level", "DEBUG")
    runtime = life.start(program=PROGRAM)

    line = runtime.ask("logger.debug('seen') or logger.log_level")

    assert (line["level"], line["message"]) == ("DEBUG", "seen")
    assert runtime.response() == 10


def test_its_metrics_and_ours_are_lines_of_their_own(life: Life) -> None:
    runtime = life.start(program=PROGRAM, APPCONFIG_ENV_METRICS="emf")
    prefetch = extracted(json.dumps(runtime.response()))
    life.tick(60)

    orders = runtime.ask("count()")
    assert runtime.response() is None
    refresh = extracted(json.dumps(runtime.ask("get('LIMIT')")))
    assert runtime.response() == "10"

    assert "PrefetchTime" in prefetch.metrics
    assert refresh.metrics.keys() == {"RefreshFailures", "Age"}
    (directive,) = orders["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], orders["Orders"]) == ("shop", [1.0])
