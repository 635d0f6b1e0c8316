"""Reads lines in CloudWatch's embedded metric format as CloudWatch does, and checks them.

The rules are those of the CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

UNITS = {"Seconds", "Milliseconds", "Count"}  # those of CloudWatch's 27 that are used here
MOST_BYTES = 256 * 1024  # of the spec's earlier versions; later ones allow 1 MB


class Extracted(NamedTuple):
    """What CloudWatch extracts from a line.

    Attributes:
        namespace: of the metrics.
        dimensions: the names and values of the one dimension set.
        metrics: the values by name.
        units: by name.
        others: the members that are neither metrics nor dimensions.
        timestamp: in milliseconds.
    """

    namespace: str
    dimensions: dict[str, str]
    metrics: dict[str, float]
    units: dict[str, str]
    others: dict[str, Any]
    timestamp: int


def extracted(line: str) -> Extracted:
    """Return what CloudWatch extracts; fail if the line breaks a rule of the specification."""
    assert len(line.encode()) <= MOST_BYTES
    assert line.isascii()
    assert line.isprintable(), "one line"
    root: dict[str, Any] = json.loads(line)
    metadata = root.pop("_aws")
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    timestamp = metadata["Timestamp"]
    assert isinstance(timestamp, int)
    (directive,) = metadata["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert re.fullmatch(r"[\w.\-/#:]{1,255}", directive["Namespace"], re.ASCII)
    (names,) = directive["Dimensions"]
    dimensions = {name: root.pop(name) for name in names}
    for value in dimensions.values():
        assert isinstance(value, str)
        assert 1 <= len(value) <= 1024
    units: dict[str, str] = {one["Name"]: one["Unit"] for one in directive["Metrics"]}
    assert 1 <= len(units) == len(directive["Metrics"]) <= 100
    assert set(units.values()) <= UNITS
    metrics = {name: root.pop(name) for name in units}
    for number in metrics.values():
        assert isinstance(number, (int, float))
        assert not isinstance(number, bool)
    return Extracted(directive["Namespace"], dimensions, metrics, units, root, timestamp)
