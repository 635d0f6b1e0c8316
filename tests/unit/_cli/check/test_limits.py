"""What does not fit into Lambda: 4 KB of configuration, 2 MiB of environment."""

from __future__ import annotations

import pytest

from appconfig_env._cli.check.findings import ERROR
from appconfig_env._cli.check.limits import Sizes, sizes, too_large

from .checked import checked


def test_settings_references_and_files_count_as_configuration() -> None:
    given = checked(
        "ssm:/a/",
        APP_ENV="prod",
        APP_PARAMS_PATH="y",
        AWS_LAMBDA_EXEC_WRAPPER="/opt/appconfig-env",
        DB="ssm:/b",
        FILE="of a file",
        OTHER="x" * 9000,
    )

    found = sizes(given.settings, given.environ, {}, from_files={"FILE"})

    counted = given.environ.keys() - {"OTHER"}
    assert found.configuration == sum(len(name) + len(given.environ[name]) for name in counted)


def test_bytes_are_counted_and_not_characters() -> None:
    given = checked(A="ü\udcff")

    assert sizes(given.settings, given.environ, {}).environment == 1 + 3 + 2


def test_values_of_sources_replace_those_of_the_environment() -> None:
    given = checked(A="long")

    assert sizes(given.settings, given.environ, {"A": "1", "B": "22"}).environment == 4 + 5


def test_what_the_wrapper_passes_on_is_not_configuration() -> None:
    given = checked(_APPCONFIG_ENV_HANDOFF="x" * 100)

    assert sizes(given.settings, given.environ, {}).configuration == 0


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (Sizes(4096, 2_097_152), ""),
        (Sizes(4097, 0), "the configuration needs 4,097 bytes, but Lambda allows 4,096"),
        (Sizes(0, 2_097_153), "the environment would have 2,097,153 bytes"),
    ],
)
def test_what_exceeds_a_limit_is_an_error(found: Sizes, message: str) -> None:
    reported = list(too_large(found))

    assert bool(reported) == bool(message)
    assert all(one.level == ERROR and one.message.startswith(message) for one in reported)
