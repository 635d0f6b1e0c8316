"""The same prefetch by Powertools for AWS Lambda's `parameters`, then exec.

As its documentation has it: one provider for the profiles' environment, the JSON transform,
`get_multiple` for a path, and `get_parameters_by_name`, which makes batches of ten.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from aws_lambda_powertools.utilities.parameters import AppConfigProvider, SSMProvider
from boto3 import Session

from .boto3_wrapper import flat


def main() -> None:
    """Read everything and become the command."""
    session = Session()
    environ = dict(os.environ)
    providers: dict[tuple[str, str], AppConfigProvider] = {}
    for profile in environ["PREFETCH_PROFILES"].split():
        application, environment, name = profile.split("/")
        where = (application, environment)
        if where not in providers:
            providers[where] = AppConfigProvider(
                environment=environment, application=application, boto3_session=session
            )
        document: Any = providers[where].get(name, transform="json")
        environ |= flat(document)
    ssm = SSMProvider(boto3_session=session)
    for path in environ.get("PREFETCH_PATH", "").split():
        environ |= flat(dict(ssm.get_multiple(path, recursive=True, decrypt=True)))
    if names := environ.get("PREFETCH_NAMES", "").split():
        values = ssm.get_parameters_by_name({name: {} for name in names}, decrypt=True)
        environ |= flat({name.rpartition("/")[2]: value for name, value in values.items()})
    os.execve(sys.argv[1], sys.argv[1:], environ)
