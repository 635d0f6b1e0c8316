"""The interface of clients to AWS: for type checkers only, never loaded at run time; pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Protocol

    class Client(Protocol):
        """Makes one API call at a time per thread; safe to share between threads.

        Operations, parameters and results are those of botocore's service models, with three
        differences: `Configuration` and `SecretBinary` are bytes, the type of times is not fixed,
        and results have no `ResponseMetadata`. A client that is created with a list of calls adds
        its successful calls for credentials to it, and returns the `RequestId` and the `Region` of
        all others as `ResponseMetadata`.
        """

        def call(
            self, operation: str, parameters: Mapping[str, Any], *, timeout: float, region: str = ""
        ) -> dict[str, Any]:
            """Make one attempt.

            Args:
                operation: a name in `services.SERVICES`.
                parameters: its input.
                timeout: seconds for the whole attempt.
                region: the Region; empty for the settings' own.

            Raises:
                AwsError: it failed, for any reason; see `errors`.
            """
            ...

        def close(self) -> None:
            """Close all open connections; the client remains usable."""
