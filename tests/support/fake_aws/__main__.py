"""Serves the fake until standard input closes; prints its connection details as a line of JSON."""

from __future__ import annotations

import argparse
import json
import sys

from . import FakeAws


def main() -> None:
    """Fill the fake, and serve it."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fake_aws")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    for name in ("profiles", "parameters", "secrets"):
        parser.add_argument(f"--{name}", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0)
    options = parser.parse_args()
    with FakeAws(tls=options.tls, port=options.port) as aws:
        for number in range(options.profiles):
            document = {"name": f"app{number}", "limits": {"rate": number, "burst": 2 * number}}
            aws.put_profile("shop", "prod", f"app{number}", document)
        for number in range(options.parameters):
            aws.put_parameter(f"/shop/prod/p{number}", f"value {number}")
        for number in range(options.secrets):
            aws.put_secret(f"prod/secret{number}", json.dumps({"password": f"pass {number}"}))
        if options.delay_ms:
            for service in aws.services:
                for operation in service.operations:
                    aws.delay(operation, options.delay_ms / 1000)
        details = {"url": aws.url, "ca_file": aws.ca_file, "environ": aws.environ()}
        print(json.dumps(details), flush=True)  # noqa: T201 - FakeAwsProcess reads it
        sys.stdin.read()


if __name__ == "__main__":
    main()
