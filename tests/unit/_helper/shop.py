"""The profile that most tests read, and the calls made to AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...support.fake_aws import FakeAws


APP = "appconfig:shop/prod/app"


def operations(aws: FakeAws) -> list[str]:
    return sorted(call.operation for call in aws.calls)
