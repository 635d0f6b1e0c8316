"""The client for all that the lean one does not do: boto3 finds the credentials and makes the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import botocore.exceptions
from botocore.config import Config

from .port import GARBLED, MISCONFIGURED, NO_CREDENTIALS, SERVICES, UNREACHABLE, AwsError
