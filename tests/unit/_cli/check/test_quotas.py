"""Whether AWS's quotas are enough: the calls are those that the backend makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.router import Router
from appconfig_env._cache.load import load
from appconfig_env._cli.check.quotas import QUOTAS, calls, exceeded
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document

from .checked import checked

if TYPE_CHECKING:
    from ....support.fake_aws import FakeAws

MANY = " ".join(f"ssm:/n/{number}?as=N{number}" for number in range(12))
SECRETS = " ".join(f"secretsmanager:s{number}?as=S{number}" for number in range(22))


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("", {}),
        ("file:/x", {}),
        (
            "appconfig:a/b/c appconfig:a/b/c?format=text&as=C appconfig:a/b/d",
            {"StartConfigurationSession": 2, "GetLatestConfiguration": 2},
        ),
        ("ssm:/p/", {"GetParametersByPath": 3}),
        (MANY, {"GetParameters": 2}),
        ("ssm:/n/1 ssm:/n/1:1?as=OLD", {"GetParameters": 2}),  # two versions of one parameter
        ("secretsmanager:s1", {"GetSecretValue": 1}),
        ("secretsmanager:s1 secretsmanager:s2", {"BatchGetSecretValue": 1}),
        (SECRETS, {"BatchGetSecretValue": 2}),
        (
            "secretsmanager:s1 secretsmanager:s1?stage=AWSCURRENT&as=P",
            {"GetSecretValue": 2},
        ),
    ],
)
def test_a_cold_start_makes_as_many_calls_as_are_counted(
    fake_aws: FakeAws, sources: str, expected: dict[str, int]
) -> None:
    for profile in ("c", "d"):
        fake_aws.put_profile("a", "b", profile, b"{}")
    for number in range(25):
        fake_aws.put_parameter(f"/p/{number}", "1")
        fake_aws.put_parameter(f"/n/{number}", "1")
        fake_aws.put_secret(f"s{number}", "1")
    environ = {**fake_aws.environ(), "APPCONFIG_ENV_SOURCES": sources}
    settings = from_environ(environ)

    snapshot = load(settings, Router(settings, environ), 1000.0, timeout=9.0)

    made = {name for quota in QUOTAS for name in quota.operations if fake_aws.count(name)}
    assert {name: fake_aws.count(name) for name in made} == expected
    assert calls(settings, snapshot) == expected


def test_a_path_that_was_not_read_has_at_least_one_page() -> None:
    assert calls(checked("ssm:/p/").settings) == {"GetParametersByPath": 1}


def messages(
    sources: str, concurrency: int, parameters: int = 0, *, ttl: str = "5m", local_dir: str = ""
) -> list[str]:
    document = Document(parameters={str(number): "1" for number in range(parameters)})
    documents = {"ssm:/p/": document} if parameters else {}
    given = checked(
        sources, documents, SSM_PARAMETER_STORE_TTL=ttl, APPCONFIG_ENV_LOCAL_DIR=local_dir
    )
    return [one.message for one in exceeded(given.settings, concurrency, given.snapshot)]


@pytest.mark.parametrize(
    ("sources", "concurrency", "words"),
    [
        ("ssm:/p/", 400, []),
        (
            "ssm:/p/",
            1000,
            [
                (
                    "1000 cold starts within 10 s make 1,000 calls of GetParametersByPath, but the "
                    "default quota of 40 a second has room for 760 before the last deadline; enable"
                )
            ],
        ),
        (
            "ssm:/p/ ssm:/x",
            500,
            ["make 1,000 calls of GetParameters and GetParametersByPath, but"],
        ),
        (
            "appconfig:a/b/c?ttl=90",
            9000,
            [],
        ),
        (
            " ".join(f"appconfig:a/b/c{number}?ttl=600" for number in range(20)),
            1000,
            [
                "make 20,000 calls of StartConfigurationSession, but the default quota of 500",
                "make 20,000 calls of GetLatestConfiguration, but the default quota of 1,000",
            ],
        ),
        (
            "appconfig:a/b/c",
            50_000,
            ["refresh with 1,111 calls of GetLatestConfiguration a second, but"],
        ),
        (SECRETS, 1000, ["make 2,000 calls of BatchGetSecretValue, but"]),
        ("file:/x", 1_000_000, []),
    ],
)
def test_a_quota_that_is_not_enough_is_reported(
    sources: str, concurrency: int, words: list[str]
) -> None:
    found = messages(sources, concurrency, parameters=10)

    assert len(found) >= len(words)
    assert all(any(one in message for message in found) for one in words), found
    if not words:
        assert found == []


def test_the_number_of_parameters_and_the_interval_count() -> None:
    many = messages("ssm:/p/", 400, parameters=100)
    few = messages("ssm:/p/", 400, parameters=10)
    often = messages("ssm:/p/", 400, parameters=10, ttl="5s")

    assert "make 4,000 calls" in many[0]
    assert few == []
    assert "refresh with 80 calls of GetParametersByPath a second" in often[0]


def test_what_was_not_read_is_an_estimate() -> None:
    assert "make at least 2,000 calls" in messages("ssm:/p/", 2000)[0]


def test_the_configurations_received_in_a_day_are_counted() -> None:
    found = messages("appconfig:a/b/c?ttl=86400 appconfig:a/b/d?ttl=86400", 600_000)

    assert "600000 cold starts receive 1,200,000 configurations" in found[-1]


def test_a_local_folder_makes_no_calls(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = str(tmp_path_factory.mktemp("local"))

    assert messages("ssm:/p/", 1_000_000, local_dir=folder) == []
