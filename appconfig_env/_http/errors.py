"""The remedies that end errors about invalid or missing responses; pure."""

from __future__ import annotations

BETWEEN = "a proxy or gateway may have answered instead of AWS; check the route to AWS"
CUT = "a proxy or gateway may have closed it; check the route to AWS"
SLOW = "check health.aws.amazon.com, and the proxies and gateways on the way to AWS"
PROXY_CHECK = "check the proxy and its configuration"
PROXY_REMEDIES = {  # by the status of the proxy's own response
    403: "allow this host in the proxy's configuration",
    407: "set its password in AWS_APPCONFIG_EXTENSION_PROXY_URL or _PROXY_HEADERS",
}
NO_BUNDLE = "set it to a file of PEM certificates, or unset it"
