"""Remedies for invalid or missing responses, as errors give them; pure."""

from __future__ import annotations

BETWEEN = "a proxy or gateway may have answered instead of AWS"
CUT = "a proxy or gateway may have closed it"
SLOW = "check health.aws.amazon.com, and the proxies and gateways on the way to AWS"
PROXY_LOGIN = "set its password in AWS_APPCONFIG_EXTENSION_PROXY_URL or _PROXY_HEADERS"
