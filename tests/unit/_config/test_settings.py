"""Parsing an environment into settings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._config.aws import OF_APPCONFIG, OF_OTHERS, AwsSettings
from appconfig_env._config.settings import (
    AWS_KNOWN,
    KNOWN,
    PREFIX,
    Settings,
    from_environ,
    is_own,
)
from appconfig_env.errors import SettingsError

from ...support.paths import ROOT
from .fields import changed, undocumented

ROLE = "arn:aws:iam::1:role/reader"

CANARY = "c4n4ry"
AWS = "AWS_APPCONFIG_EXTENSION_"


def references(settings: Settings) -> list[str]:
    return [source.reference for source in settings.sources]


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        from_environ(environ)
    return caught.value.problems


def test_an_empty_environment_has_the_documented_defaults() -> None:
    settings = from_environ({})
    assert settings.sources == ()
    assert settings.snapshot_path == "/tmp/appconfig-env.json"
    assert (settings.deadline_seconds, settings.poll_seconds) == (8.0, 45.0)
    assert settings.poll_timeout_seconds == 3.0
    assert (settings.ssm_ttl_seconds, settings.secrets_ttl_seconds) == (300.0, 300.0)
    assert not settings.overwrite
    assert not settings.continue_on_error
    assert not settings.log_json
    assert not settings.emf_metrics
    assert (settings.fallback_path, settings.local_dir, settings.next_wrapper) == ("", "", "")
    assert settings.log_level == "info"
    assert settings.aws.max_connections == 3


def test_an_empty_variable_counts_as_unset() -> None:
    names = [PREFIX + name for name in KNOWN]
    names += [AWS + "POLL_INTERVAL_SECONDS", AWS + "POLL_TIMEOUT_MILLIS", AWS + "LOG_LEVEL"]
    names += [AWS + "MAX_CONNECTIONS", AWS + "PROXY_HEADERS", "AWS_ENDPOINT_URL", "APP_ENV"]
    settings = from_environ(dict.fromkeys(names, ""))
    assert settings.identity() == from_environ({}).identity()
    assert settings.poll_seconds == 45.0


def test_sources_are_separated_by_white_space() -> None:
    settings = from_environ({PREFIX + "SOURCES": "  ssm:/a/\n\tappconfig:a/b/c?prefix=X_ "})
    assert references(settings) == ["ssm:/a/", "appconfig:a/b/c?prefix=X_"]


def test_in_place_references_come_after_all_lists() -> None:
    settings = from_environ(
        {
            "HOST": "ssm:/host",
            PREFIX + "SOURCES": "ssm:/a/",
            AWS + "PREFETCH_LIST": "a:b:c, /applications/d/environments/e/configurations/f",
            "APP_PARAMS_PATH": "shop",
        }
    )
    assert references(settings) == [
        "ssm:/shop/?recursive=no&names=keep",
        "appconfig:a/b/c",
        "appconfig:d/e/f",
        "ssm:/a/",
        "ssm:/host",
    ]
    assert settings.sources[-1].variable == "HOST"


def test_of_equal_sources_the_last_is_kept_because_later_ones_win() -> None:
    assert references(from_environ({PREFIX + "SOURCES": "ssm:/a/ ssm:/b/ ssm:/a/"})) == [
        "ssm:/b/",
        "ssm:/a/",
    ]


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        ({"APP_PARAMS_PATH": "shop"}, "/shop/"),
        ({"APP_PARAMS_PATH": "/shop/web/"}, "/shop/web/"),
        ({"APP_PARAMS_PATH": "shop", "APP_ENV": "prod"}, "/prod/shop/"),
        ({"APP_PARAMS_PATH": "/shop", "APP_ENV": "/prod/"}, "/prod/shop/"),
    ],
)
def test_the_secrets_wrappers_variables_name_one_level_of_a_path(
    environ: dict[str, str], path: str
) -> None:
    (source,) = from_environ(environ).sources
    assert (source.resource.name, source.resource.recursive, source.names) == (path, False, "keep")


def test_a_stage_alone_reads_nothing() -> None:
    assert from_environ({"APP_ENV": "prod"}).sources == ()
    assert from_environ({"APP_PARAMS_PATH": " / "}).sources == ()


def test_a_resource_is_labelled_with_the_setting_unless_a_reference_names_it_too() -> None:
    given = {"APP_PARAMS_PATH": "shop", AWS + "PREFETCH_LIST": "a:b:c,a:b:d"}

    settings = from_environ(given | {"X": "appconfig:a/b/d"})

    assert [settings.label(reference) for reference in settings.resources()] == [
        "APP_PARAMS_PATH=ssm:/shop/?recursive=no",
        f"{AWS}PREFETCH_LIST=appconfig:a/b/c",
        "appconfig:a/b/d",
    ]


def test_a_variable_that_a_source_set_is_not_a_setting() -> None:
    environ = {"APP_PARAMS_PATH": "shop", "APP_ENV": "set-by-a-parameter"}
    (source,) = from_environ(environ, configured={"APP_PARAMS_PATH"}).sources
    assert source.resource.name == "/shop/"


def test_in_place_references_can_be_turned_off() -> None:
    environ = {"A": "ssm:/a", PREFIX + "SOURCES": "ssm:/b"}
    assert references(from_environ({**environ, PREFIX + "REFERENCES": "off"})) == ["ssm:/b"]
    assert references(from_environ({**environ, PREFIX + "REFERENCES": "ON"})) == [
        "ssm:/b",
        "ssm:/a",
    ]


def test_references_that_a_wrapper_has_resolved_are_taken_from_its_handoff() -> None:
    environ = {"A": "resolved", "B": "ssm:/looks-like-one"}
    assert references(from_environ(environ, {"A": "ssm:/a"})) == ["ssm:/a"]


def test_settings_are_never_references() -> None:
    assert is_own(PREFIX + "SOURCES")
    assert is_own(AWS + "MANIFEST")
    assert is_own("_APPCONFIG_ENV_HANDOFF")
    assert not is_own("APP_ENV")
    assert from_environ({AWS + "MANIFEST": "appconfig:is/no/reference"}).sources == ()


VALID: list[tuple[str, str, str, object]] = [
    (AWS + "POLL_INTERVAL_SECONDS", "60", "poll_seconds", 60.0),
    (AWS + "POLL_INTERVAL_SECONDS", "90s", "poll_seconds", 90.0),
    (AWS + "POLL_INTERVAL_SECONDS", "5m", "poll_seconds", 300.0),
    (AWS + "POLL_INTERVAL_SECONDS", "1h", "poll_seconds", 3600.0),
    (AWS + "POLL_TIMEOUT_MILLIS", "500", "poll_timeout_seconds", 0.5),
    (AWS + "POLL_TIMEOUT_MILLIS", "300ms", "poll_timeout_seconds", 0.3),
    (AWS + "POLL_TIMEOUT_MILLIS", "5s", "poll_timeout_seconds", 5.0),
    ("SSM_PARAMETER_STORE_TTL", "0", "ssm_ttl_seconds", 0.0),
    ("SECRETS_MANAGER_TTL", "1m", "secrets_ttl_seconds", 60.0),
    (PREFIX + "DEADLINE_SECONDS", "2.5", "deadline_seconds", 2.5),
    (PREFIX + "OVERWRITE", "yes", "overwrite", True),
    (PREFIX + "ON_ERROR", "Continue", "continue_on_error", True),
    (PREFIX + "ON_ERROR", "fail", "continue_on_error", False),
    (PREFIX + "AGENT_URL", "http://localhost:2772", "agent_url", "http://localhost:2772"),
    (PREFIX + "SNAPSHOT", "/x/s.json", "snapshot_path", "/x/s.json"),
    (PREFIX + "SNAPSHOT", "/dev/shm/s.json", "snapshot_path", "/dev/shm/s.json"),
    (PREFIX + "FALLBACK", "fallback.json", "fallback_path", "fallback.json"),
    (PREFIX + "LOCAL_DIR", "local", "local_dir", "local"),
    (PREFIX + "NEXT_WRAPPER", "/opt/otel", "next_wrapper", "/opt/otel"),
    (PREFIX + "METRICS", "emf", "emf_metrics", True),
    (PREFIX + "METRICS", "EMF", "emf_metrics", True),
    (PREFIX + "METRICS", "off", "emf_metrics", False),
    (AWS + "LOG_LEVEL", "WARNING", "log_level", "warn"),
    (AWS + "LOG_LEVEL", "none", "log_level", "none"),
    ("AWS_LAMBDA_LOG_FORMAT", "JSON", "log_json", True),
    ("AWS_LAMBDA_LOG_FORMAT", "json", "log_json", True),
    ("AWS_LAMBDA_LOG_FORMAT", "Json", "log_json", True),
    ("AWS_LAMBDA_LOG_FORMAT", "Text", "log_json", False),
]
# The settings of other tests: they become sources, and those of `aws` are in test_aws.py too.
VALID_ELSEWHERE = {
    *(PREFIX + name for name in ("SOURCES", "REFERENCES", "CLIENT")),
    *(AWS + name for name in ("PREFETCH_LIST", "MAX_CONNECTIONS", "PROXY_URL", "PROXY_HEADERS")),
    *OF_APPCONFIG,
    *OF_OTHERS,
}


def test_every_known_setting_and_every_attribute_has_a_valid_value_here() -> None:
    known = {*(PREFIX + name for name in KNOWN), *(AWS + name for name in AWS_KNOWN)}
    others = {"_resources", "aws", "fixed", "folder", "sources", "warnings"}
    attributes = {*Settings.__slots__} - others

    assert known - VALID_ELSEWHERE == {one[0] for one in VALID if one[0].startswith((PREFIX, AWS))}
    assert attributes == {attribute for _, _, attribute, _ in VALID}


@pytest.mark.parametrize(("name", "value", "attribute", "expected"), VALID)
def test_each_setting_is_parsed(name: str, value: str, attribute: str, expected: object) -> None:
    assert getattr(from_environ({name: value}), attribute) == expected


@pytest.mark.parametrize(
    ("value", "client"),
    [("auto", "auto"), ("boto3", "boto3"), ("LEAN", "lean"), ("", "auto")],
)
def test_the_client_is_one_of_aws_settings(value: str, client: str) -> None:
    assert from_environ({PREFIX + "CLIENT": value}).aws.client == client


INVALID = [
    (AWS + "POLL_INTERVAL_SECONDS", "soon"),
    (AWS + "POLL_INTERVAL_SECONDS", "-1"),
    (AWS + "POLL_INTERVAL_SECONDS", "9" * 400),
    (AWS + "POLL_TIMEOUT_MILLIS", "0"),
    (AWS + "POLL_TIMEOUT_MILLIS", "ms"),
    (AWS + "POLL_TIMEOUT_MILLIS", "5sms"),
    (AWS + "POLL_TIMEOUT_MILLIS", "s"),
    (AWS + "POLL_TIMEOUT_MILLIS", " "),
    (AWS + "LOG_LEVEL", "loud"),
    (AWS + "MAX_CONNECTIONS", "0"),
    (AWS + "MAX_CONNECTIONS", "9" * 5000),
    (AWS + "MAX_CONNECTIONS", "many"),
    (AWS + "ROLE_ARN", "role/x"),
    (PREFIX + "ROLE_ARN", "role/x"),
    ("SSM_PARAMETER_STORE_TTL", "never"),
    ("SECRETS_MANAGER_TTL", "never"),
    (PREFIX + "DEADLINE_SECONDS", "0"),
    (PREFIX + "OVERWRITE", "perhaps"),
    (PREFIX + "REFERENCES", "perhaps"),
    *(
        (PREFIX + "AGENT_URL", url)
        for url in (
            "localhost:2772",
            "https://localhost:2772",
            "http://agent:2772",
            "http://10.0.0.1:2772",
            "http://localhost:2772/applications",
            "http://localhost:2772?x",
            "http://a@localhost",
            "http://localhost.evil:2772",
            "2772",
            "http://localhost:99999",
        )
    ),
    (PREFIX + "CLIENT", "botocore"),
    (PREFIX + "ON_ERROR", "ignore"),
    (PREFIX + "METRICS", "statsd"),
    (PREFIX + "SNAPSHOT", "relative.json"),
    (PREFIX + "SNAPSHOT", "/dev/null"),
    (PREFIX + "SNAPSHOT", "/dev/stdout"),
    ("AWS_USE_FIPS_ENDPOINT", "yes"),
    ("AWS_USE_DUALSTACK_ENDPOINT", "1"),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "yes"),
]
# Settings for which no text is invalid.
ANY_TEXT = {
    PREFIX + "FALLBACK": "a path, which must exist when the wrapper starts",
    PREFIX + "LOCAL_DIR": "a path, which must exist when it is read",
    PREFIX + "NEXT_WRAPPER": "a path; only this wrapper's own is rejected, by a test of its own",
    "AWS_LAMBDA_LOG_FORMAT": "Lambda's own variable, which Lambda checks",
}


def test_every_setting_with_a_valid_value_here_has_an_invalid_one_too() -> None:
    assert {one[0] for one in VALID} - {name for name, _ in INVALID} == ANY_TEXT.keys()


@pytest.mark.parametrize(("name", "value"), INVALID)
def test_an_invalid_value_is_reported_with_name_expectation_and_value(
    name: str, value: str
) -> None:
    (problem,) = problems({name: value})
    assert problem.startswith(f"{name}: expected ")
    assert repr(value) in problem


def test_a_trailing_decimal_point_does_not_change_the_unit() -> None:
    settings = from_environ({AWS + "POLL_TIMEOUT_MILLIS": "500."})
    assert settings.poll_timeout_seconds == 0.5


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("SOURCE", "SOURCES"),
        ("sources", "SOURCES"),
        ("ONERROR", "ON_ERROR"),
        ("DEADLINE", "DEADLINE_SECONDS"),
        ("WRAPPER", "NEXT_WRAPPER"),
    ],
)
def test_an_unknown_setting_names_the_nearest_known_one(name: str, nearest: str) -> None:
    (problem,) = problems({PREFIX + name: "x"})
    assert problem == (
        f"{PREFIX}{name}: unknown setting; "
        f"correct its name (nearest: {PREFIX}{nearest}) or unset it"
    )


@pytest.mark.parametrize(
    ("prefix", "name", "nearest"),
    [
        (PREFIX, "POLL_INTERVAL_SECONDS", AWS + "POLL_INTERVAL_SECONDS"),
        (PREFIX, "LOG_LEVEL", AWS + "LOG_LEVEL"),
        (PREFIX, "PROXY_URL", AWS + "PROXY_URL"),
        (PREFIX, "PREFETCH_LIST", AWS + "PREFETCH_LIST"),
        (PREFIX, "POLL_INTERVAL_SECOND", AWS + "POLL_INTERVAL_SECONDS"),
        (PREFIX, "APP_PARAMS_PATH", "APP_PARAMS_PATH"),
        (PREFIX, "SSM_PARAMETER_STORE_TTL", "SSM_PARAMETER_STORE_TTL"),
        (AWS, "SOURCES", PREFIX + "SOURCES"),
        (AWS, "FALLBACK", PREFIX + "FALLBACK"),
        (AWS, "SNAPSHOTS", PREFIX + "SNAPSHOT"),
        (AWS, "DEADLINE_SECONDS", PREFIX + "DEADLINE_SECONDS"),
        (AWS, "SECRETS_MANAGER_TTL", "SECRETS_MANAGER_TTL"),
        # Both prefixes have these: what is near is of the same one.
        (PREFIX, "ROLE_ARNS", PREFIX + "ROLE_ARN"),
        (AWS, "ROLE_ARNS", AWS + "ROLE_ARN"),
    ],
)
def test_the_nearest_setting_may_have_the_other_prefix(
    prefix: str, name: str, nearest: str
) -> None:
    given = {prefix + name: "x"}
    (found,) = problems(given) if prefix == PREFIX else from_environ(given).warnings
    assert found.endswith(f"correct its name (nearest: {nearest}) or unset it")


@pytest.mark.parametrize("own", KNOWN)
def test_each_setting_is_the_nearest_to_its_name_after_the_other_prefix(own: str) -> None:
    if own not in AWS_KNOWN:
        (warning,) = from_environ({AWS + own: "x"}).warnings
        assert f"(nearest: {PREFIX}{own})" in warning


@pytest.mark.parametrize("theirs", AWS_KNOWN)
def test_each_of_the_extensions_settings_is_the_nearest_to_its_name_after_our_prefix(
    theirs: str,
) -> None:
    if theirs not in KNOWN:
        (problem,) = problems({PREFIX + theirs: "x"})
        assert f"(nearest: {AWS}{theirs})" in problem


@pytest.mark.parametrize("name", ["", "POLL", "TIMEOUT", "X"])
def test_an_unknown_setting_that_is_like_no_other_points_to_the_list(name: str) -> None:
    (problem,) = problems({PREFIX + name: "x"})
    assert problem == (
        f"{PREFIX}{name}: unknown setting; "
        "correct its name (the reference lists all under Settings) or unset it"
    )


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        (
            PREFIX + "ON_ERROR",
            "contnue",
            "expected fail or continue, got 'contnue' (nearest: continue); correct or unset",
        ),
        (AWS + "LOG_LEVEL", "debgu", "fatal, none, got 'debgu' (nearest: debug); correct"),
        (AWS + "LOG_LEVEL", "loud", "fatal, none, got 'loud'; correct"),
    ],
)
def test_a_wrong_word_names_the_nearest_that_is_accepted(name: str, value: str, part: str) -> None:
    (problem,) = problems({name: value})
    assert part in problem


@pytest.mark.parametrize(
    ("sources", "shown"),
    [
        ("ssm:/shop/prod/, appconfig:shop/prod/app", "'ssm:/shop/prod/,'"),
        ("appconfig:shop/prod/app; ssm:/shop/prod/", "'appconfig:shop/prod/app;'"),
        ("ssm:/shop/prod/ ssm:/shop/*", "'ssm:/shop/*'"),
    ],
)
def test_a_wrong_separator_is_shown_as_it_was_typed(sources: str, shown: str) -> None:
    (problem,) = problems({PREFIX + "SOURCES": sources})
    assert problem.startswith(f"{PREFIX}SOURCES: {shown}: ")


@pytest.mark.parametrize(
    "path", ["shop//prod", "${STAGE}/shop", "shop/a b", "shop/caf\u00e9", "a:1"]
)
def test_a_path_of_parameters_has_the_characters_that_they_have(path: str) -> None:
    (problem,) = problems({"APP_PARAMS_PATH": path})
    assert problem.startswith("APP_PARAMS_PATH: expected a path of letters, digits and ._-/, got ")
    (problem,) = problems({"APP_PARAMS_PATH": "shop", "APP_ENV": path})
    assert problem.startswith("APP_ENV: expected a path of letters, digits and ._-/, got ")


@pytest.mark.parametrize(
    "name",
    [
        "APPCONFIG_ENVIRONMENT", "APPCONFIG_ENV", "APPCONFIG", "APPCONFIG_ENVOY_URL", "APP_ENV",
        "APP_ENVS", "APP_PARAMS", "SSM_PATH", "SECRETS_MANAGER_ARN", "SECRET_KEY", "CONFIG",
        "AWS_APPCONFIG_APPLICATION", "appconfig", "SSM_PARAMETER_STORE_PATH",
    ],
)  # fmt: skip
def test_a_variable_of_the_program_does_not_resemble_a_setting(name: str) -> None:
    assert from_environ({name: "1"}).warnings == ()


@pytest.mark.parametrize("path", ["shop,", "shop;prod", "shop/*"])
def test_a_path_of_parameters_is_a_single_one(path: str) -> None:
    (problem,) = problems({"APP_PARAMS_PATH": path})
    assert f"APP_PARAMS_PATH: expected a single path, without wildcards, got {path!r}" in problem


def test_all_errors_of_one_environment_are_reported_at_once() -> None:
    errors = problems(
        {
            PREFIX + "SOURCES": "smm:/b ssm:/x?shout=1",
            PREFIX + "SOURCE": "x",
            AWS + "PREFETCH_LIST": "a:b",
            AWS + "POLL_INTERVAL_SECONDS": "soon",
            AWS + "PROXY_HEADERS": "x",
            "AWS_ENDPOINT_URL_SSM": "x",
            "HOST": "ssm:/path/",
            "APP_PARAMS_PATH": "a\nb",
        }
    )
    assert sorted({error.partition(":")[0] for error in errors}) == [
        "APPCONFIG_ENV_SOURCE",
        "APPCONFIG_ENV_SOURCES",
        "APP_PARAMS_PATH",
        "AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS",
        "AWS_APPCONFIG_EXTENSION_PREFETCH_LIST",
        "AWS_APPCONFIG_EXTENSION_PROXY_HEADERS",
        "AWS_ENDPOINT_URL_SSM",
        "HOST",
    ]
    assert len(errors) == 9


@pytest.mark.parametrize("name", ["LOCAL_DIR", "FALLBACK", "NEXT_WRAPPER"])
def test_problems_of_paths_are_reported_with_all_others(name: str) -> None:
    given = {PREFIX + name: "/x", PREFIX + "OVERWRITE": "maybe"}
    with pytest.raises(SettingsError) as caught:
        from_environ(given, check_paths=lambda found: [f"of {found!r}"])
    assert len(caught.value.problems) == 2
    assert caught.value.problems[1] == "of <Settings 0 sources>"


def test_settings_without_a_path_need_no_check() -> None:
    from_environ({PREFIX + "SOURCES": "ssm:/x"}, check_paths=lambda _found: ["is not called"])


def test_a_wrapper_cannot_be_its_own_next_wrapper() -> None:
    name = PREFIX + "NEXT_WRAPPER"
    (problem,) = problems({name: "/opt/x", "AWS_LAMBDA_EXEC_WRAPPER": "/opt/x"})
    assert problem.startswith(f"{name}: expected the wrapper to run after this one")


@pytest.mark.parametrize(
    "environ",
    [
        {PREFIX + "SOURCES": f"ssm:/x?shout=1&default={CANARY}"},
        {PREFIX + "SOURCES": f"ssm:/x?default=two {CANARY}"},
        {PREFIX + "SOURCES": f"ssm:/x?default=more than {CANARY}"},
        {PREFIX + "SOURCES": f"ssm:/x&default={CANARY}"},
        {"NAME": f"ssm:/x?as=A&default={CANARY}"},
        {"NAME": f"ssm:/x?default=a&{CANARY}"},
        {AWS + "PROXY_URL": f"http://user:{CANARY}@"},
        {AWS + "PROXY_URL": f"http://user:{CANARY}%zz@host"},
        {AWS + "PROXY_HEADERS": f"authorization {CANARY}"},
        {AWS + "PROXY_HEADERS": f"a: b, {CANARY}"},
    ],
)
def test_text_that_may_be_secret_is_not_in_an_error(environ: dict[str, str]) -> None:
    assert CANARY not in "\n".join(problems(environ))


def test_bytes_that_are_not_utf8_are_an_error_that_names_the_variable() -> None:
    for name in ("APP_PARAMS_PATH", AWS + "PREFETCH_LIST", PREFIX + "SOURCES"):
        assert problems({name: "a:b:\udcff"})[0].startswith(f"{name}: ")
    assert problems({"APP_PARAMS_PATH": "a", "APP_ENV": "\udcff"})[0].startswith("APP_ENV: ")
    assert problems({"X": "ssm:/\udcff"})[0].startswith("X: ")


def test_the_interval_follows_from_service_ttl_option_and_floor() -> None:
    settings = from_environ(
        {
            PREFIX + "SOURCES": "appconfig:a/b/c ssm:/a ssm:/b?ttl=10 secretsmanager:c file:/d "
            "appconfig:d/e/f?ttl=1",
            AWS + "POLL_INTERVAL_SECONDS": "60",
            "SECRETS_MANAGER_TTL": "200",
        }
    )
    intervals = [settings.interval(sources) for sources in settings.resources().values()]
    assert intervals == [60.0, 300.0, 10.0, 200.0, 60.0, 15.0]


def test_sources_that_share_a_resource_have_the_shortest_interval() -> None:
    settings = from_environ({PREFIX + "SOURCES": "ssm:/a?ttl=100 ssm:/a?ttl=20&as=B ssm:/a?as=C"})
    (sources,) = settings.resources().values()
    assert settings.interval(sources) == 20.0


def test_a_local_folder_is_read_at_the_poll_interval() -> None:
    settings = from_environ(
        {
            PREFIX + "LOCAL_DIR": "/x",
            PREFIX + "SOURCES": "appconfig:a/b/c ssm:/a secretsmanager:c",
            AWS + "POLL_INTERVAL_SECONDS": "1",
        }
    )
    assert [settings.interval(group) for group in settings.resources().values()] == [1.0, 1.0, 1.0]


def test_levels_from_the_configured_one_up_are_logged() -> None:
    settings = from_environ({AWS + "LOG_LEVEL": "warn"})
    levels = [level for level in ("debug", "info", "warn", "error") if settings.accepts(level)]
    assert levels == ["warn", "error"]
    assert not from_environ({AWS + "LOG_LEVEL": "none"}).accepts("fatal")


def test_the_identity_is_what_determines_which_values_are_read() -> None:
    def identity(**environ: str) -> list[object]:
        return from_environ(environ).identity()

    plain = identity(APPCONFIG_ENV_SOURCES="ssm:/a")
    assert plain == identity(APPCONFIG_ENV_SOURCES="ssm:/a", APPCONFIG_ENV_OVERWRITE="yes")
    assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/b")
    assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/a?default=1")
    assert plain != identity(A="ssm:/a")
    assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/a", AWS_REGION="eu-west-1")
    assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/a", AWS_PROFILE="other")
    assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/a", AWS_ENDPOINT_URL="http://x")
    assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/a", APPCONFIG_ENV_LOCAL_DIR="/x")
    assert identity(APPCONFIG_ENV_LOCAL_DIR="/x") != identity(APPCONFIG_ENV_LOCAL_DIR="/y")
    for prefix in (AWS, PREFIX):
        role = {prefix + "ROLE_ARN": "arn:aws:iam::1:role/x"}
        assert plain != identity(APPCONFIG_ENV_SOURCES="ssm:/a", **role)


# The fields that are not part of the identity: why processes that differ in one of them may share a
# snapshot file.
NOT_IN_IDENTITY = {
    "snapshot_path": "another path is another file",
    "fallback_path": "an entry from a fallback has the document that AWS once returned",
    "deadline_seconds": "limits how long reading takes",
    "poll_timeout_seconds": "limits how long reading takes",
    "poll_seconds": "when something is read, not what",
    "ssm_ttl_seconds": "when something is read, not what",
    "secrets_ttl_seconds": "when something is read, not what",
    "overwrite": "which variables are set; the file has documents",
    "fixed": "which variables are set; the file has documents",
    "continue_on_error": "whether startup fails",
    "next_wrapper": "what is executed",
    "agent_url": "asked at each evaluation; nothing that it answers is kept",
    "log_level": "what is logged",
    "log_json": "what is logged",
    "emf_metrics": "what is written about reading, not what is read",
    "warnings": "what is logged",
}
CHANGED: dict[str, object] = {
    "sources": from_environ({PREFIX + "SOURCES": "ssm:/a"}).sources,
    "aws": AwsSettings(region="eu-west-1"),
    "warnings": ("x",),
    "fixed": ("x",),
}


@pytest.mark.parametrize("name", [one for one in Settings.__slots__ if one != "_resources"])
def test_a_field_is_part_of_the_identity_or_has_a_reason_why_not(name: str) -> None:
    given: dict[str, Any] = {name: CHANGED.get(name) or changed(getattr(Settings(), name))}

    settings = Settings(**given)

    assert (settings.identity() == Settings().identity()) == (name in NOT_IN_IDENTITY)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://localhost:2772",
        "http://127.0.0.1:2772/",
        "http://[::1]:2772",
        "HTTP://localhost",
    ],
)
def test_the_agent_is_on_this_machine(url: str) -> None:
    assert from_environ({PREFIX + "AGENT_URL": url}).agent_url == url


@pytest.mark.parametrize(
    ("name", "value", "folder"),
    [
        ("LOCAL_DIR", "local", "/here"),
        ("LOCAL_DIR", ".", "/here"),
        ("LOCAL_DIR", "/local", ""),
        ("SOURCES", "ssm:/a file:app.json", "/here"),
        ("SOURCES", "ssm:/a file:/app.json", ""),
        ("SOURCES", "ssm:/a", ""),
    ],
)
def test_relative_paths_in_different_folders_are_different_sources(
    name: str, value: str, folder: str
) -> None:
    environ = {PREFIX + name: value}
    here = from_environ(environ, working_folder=lambda: "/here")
    there = from_environ(environ, working_folder=lambda: "/there")

    assert here.folder == folder
    assert (here.identity() == there.identity()) == (not folder)


def test_a_working_directory_that_was_deleted_is_not_an_error() -> None:
    def deleted() -> str:
        raise FileNotFoundError

    assert from_environ({PREFIX + "LOCAL_DIR": "local"}, working_folder=deleted).folder == ""


def test_new_access_keys_of_the_same_function_do_not_change_the_identity() -> None:
    function = {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_VERSION": "1"}
    first = from_environ({**function, "AWS_ACCESS_KEY_ID": "A"})
    second = from_environ({**function, "AWS_ACCESS_KEY_ID": "B"})
    assert first.identity() == second.identity()


def test_aws_settings_use_the_names_of_the_sdk() -> None:
    aws = from_environ(
        {
            "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": "http://all:1",
            "AWS_ENDPOINT_URL_SSM": "http://ssm:2/base",
            "AWS_CA_BUNDLE": "/ca.pem",
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_USE_DUALSTACK_ENDPOINT": "TRUE",
            AWS + "SERVICE_REGION": "us-east-1",
            AWS + "ROLE_ARN": "arn:aws:iam::1:role/path/x",
            AWS + "ROLE_EXTERNAL_ID": "id",
            AWS + "ROLE_SESSION_NAME": "me",
            AWS + "PROXY_URL": "http://u:p@[::1]:8080",
            AWS + "PROXY_HEADERS": "x-a: 1, X-B:2",
            AWS + "MAX_CONNECTIONS": "7",
        }
    ).aws
    assert (aws.region, aws.ca_bundle) == ("eu-west-1", "/ca.pem")
    assert (aws.appconfig.region, aws.others.region) == ("us-east-1", "eu-west-1")
    assert aws.endpoints == {
        "appconfigdata": "http://all:1",
        "ssm": "http://ssm:2/base",
        "secretsmanager": "http://all:1",
        "sts": "http://all:1",
    }
    assert (aws.use_fips, aws.use_dualstack) == (True, True)
    assert aws.appconfig.role == ("arn:aws:iam::1:role/path/x", "id", "me")
    assert aws.proxy_url == "http://u:p@[::1]:8080"
    assert aws.proxy_headers == (("x-a", "1"), ("X-B", "2"))
    assert aws.max_connections == 7


def test_configured_endpoints_can_be_ignored() -> None:
    environ = {"AWS_ENDPOINT_URL": "http://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert from_environ(environ).aws.endpoints == {}


def test_the_default_region_is_used_without_aws_region() -> None:
    assert from_environ({"AWS_DEFAULT_REGION": "eu-west-1"}).aws.region == "eu-west-1"
    assert from_environ({"AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"}).aws.region == "b"


@pytest.mark.parametrize(
    "url",
    [
        "host:80", "ftp://host", "http://", "http:///path", "http://host:port", "http://host:99999",
        "http://ho st", "http://host\n", "http://hóst", "http://host:" + "9" * 5000,
    ],
)  # fmt: skip
def test_an_invalid_url_is_an_error_that_names_the_variable(url: str) -> None:
    (problem,) = problems({"AWS_ENDPOINT_URL_STS": url})
    assert problem == (
        "AWS_ENDPOINT_URL_STS: expected a URL such as https://host:port; "
        "correct or unset the variable"
    )


SETTINGS = [
    *(PREFIX + name for name in KNOWN),
    *(AWS + name for name in ("PREFETCH_LIST", "POLL_INTERVAL_SECONDS", "POLL_TIMEOUT_MILLIS")),
    *(AWS + name for name in ("MAX_CONNECTIONS", "LOG_LEVEL", "ROLE_ARN", "PROXY_HEADERS")),
    "AWS_ENDPOINT_URL", "APP_ENV", "APP_PARAMS_PATH", "ANY", "SSM_PARAMETER_STORE_TTL",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(SETTINGS), st.text(max_size=20) | st.just("ssm:/x")))
def test_any_environment_returns_settings_or_raises_a_settings_error(
    environ: dict[str, str],
) -> None:
    errors: tuple[str, ...] = ()
    try:
        settings = from_environ(environ)
    except SettingsError as error:
        errors = error.problems
    else:
        assert repr(settings) == f"<Settings {len(settings.sources)} sources>"
    assert {error.partition(":")[0] for error in errors} <= set(environ)


@pytest.mark.parametrize(
    "rest", ["filesystem hunter2", "ssmx hunter2", "file hunter2", "appconfigs hunter2"]
)
def test_no_word_of_a_default_is_shown_even_if_it_begins_like_a_scheme(rest: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environ({"APPCONFIG_ENV_SOURCES": f"ssm:A?default=the {rest}"})
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).count("after default= (write a space in its value as %20)") == 2


def test_the_defaults_of_the_settings_are_those_of_an_empty_environment() -> None:
    empty = from_environ({})
    for name in Settings.__slots__:
        if name not in ("aws", "_resources"):
            assert getattr(Settings(), name) == getattr(empty, name), name


def test_every_near_miss_is_reported_with_its_variable_and_without_its_value() -> None:
    given = {
        "A": "secretmanager:prod/db?default=c4n4ry",
        "B": "'ssm:/x'",
        "C": "{{resolve:ssm:/x}}",
        "APPCONFIG_ENV_LOCAL_DIR": "SSM:/x",
    }
    with pytest.raises(SettingsError) as caught:
        from_environ(given)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["A", "B"]
    assert all(
        problem.endswith(", or list the variables that hold references in APPCONFIG_ENV_REFERENCES")
        for problem in caught.value.problems
    )
    assert "c4n4ry" not in str(caught.value)
    (warning,) = from_environ({"C": "{{resolve:ssm:/x}}"}).warnings
    assert warning.startswith("C: its value looks like another tool's reference")


def test_a_list_of_names_resolves_these_alone() -> None:
    given = {
        "A": "ssm:/a",
        "B": "ssm:/b",
        "C": "secretmanager:c",
        "APPCONFIG_ENV_REFERENCES": "B, ONLY_IN_LIST",
    }
    with pytest.raises(SettingsError, match="'ONLY_IN_LIST', which is not set"):
        from_environ(given)
    settings = from_environ(given | {"APPCONFIG_ENV_REFERENCES": "B"})
    assert [source.variable for source in settings.sources] == ["B"]
    with pytest.raises(SettingsError, match="'C', which has no reference"):
        from_environ(given | {"APPCONFIG_ENV_REFERENCES": "B,C"})
    with pytest.raises(SettingsError, match="'D': file: cannot be a variable's value; move it to"):
        from_environ({"D": "file:/etc/x.json", "APPCONFIG_ENV_REFERENCES": "D"})
    # After the wrapper, its references are known, and the environment no longer has them.
    after = from_environ({"APPCONFIG_ENV_REFERENCES": "B"}, {"B": "ssm:/b"})
    assert [source.variable for source in after.sources] == ["B"]


@pytest.mark.parametrize(
    "reference",
    [
        "secretsmanager:db?stage=AWSPREVIOUS",
        "secretsmanager:db?version=1-2",
        "ssm:/a/b:7",
        "ssm:arn:aws:ssm:eu-west-1:1:parameter/x:7",
    ],
)
def test_a_version_that_a_local_folder_cannot_have_is_a_warning(reference: str) -> None:
    given = {PREFIX + "SOURCES": f"{reference}&optional" if "?" in reference else reference}

    (found,) = from_environ(given | {PREFIX + "LOCAL_DIR": "/x"}).warnings

    assert found == (
        f"{reference}: a local folder has one version of each value, which is used; "
        f"unset {PREFIX}LOCAL_DIR to read another"
    )
    assert from_environ(given).warnings == ()


NEAREST = "correct its name (nearest: AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS) or unset it"


@pytest.mark.parametrize(
    ("given", "warning"),
    [
        ({f"{AWS}POLL_INTERVAL": "45"}, f"{AWS}POLL_INTERVAL: unknown setting; {NEAREST}"),
        ({f"{AWS}X": "1"}, f"{AWS}X: unknown setting; correct its name (the reference lists all"),
        *(
            ({name: "1"}, f"{name} is not read, but resembles {known}; correct its name, or rename")
            for name, known in (
                ("SSM_PARAMETER_STORE_TLL", "SSM_PARAMETER_STORE_TTL"),
                ("SSM_PARAMETERSTORE_TTL", "SSM_PARAMETER_STORE_TTL"),
                ("ssm_parameter_store_ttl", "SSM_PARAMETER_STORE_TTL"),
                ("SECRET_MANAGER_TTL", "SECRETS_MANAGER_TTL"),
                ("APP_PARAM_PATH", "APP_PARAMS_PATH"),
                ("appconfig_env_sources", "APPCONFIG_ENV_SOURCES"),
                ("APPCONFIGENV_SOURCES", "APPCONFIG_ENV_SOURCES"),
                ("APP_CONFIG_ENV_SOURCE", "APPCONFIG_ENV_SOURCES"),
                ("aws_appconfig_extension_log_level", f"{AWS}LOG_LEVEL"),
                ("AWS_APPCONFIG-EXTENSION_ROLE_ARN", f"{AWS}ROLE_ARN"),
            )
        ),
        ({f"{AWS}HTTP_PORT": "1"}, f"{AWS}HTTP_PORT has no effect here: only AWS's own agent"),
        (
            {"APPCONFIG_ENV_DEADLINE_SECONDS": "60", "AWS_LAMBDA_FUNCTION_NAME": "f"},
            "APPCONFIG_ENV_DEADLINE_SECONDS: Lambda ends an init after 10 s",
        ),
        (
            {f"{AWS}POLL_INTERVAL_SECONDS": "5", "APPCONFIG_ENV_SOURCES": "appconfig:a/b/c"},
            f"{AWS}POLL_INTERVAL_SECONDS: AppConfig may be polled every 15 s at most",
        ),
        *(
            (
                {"APPCONFIG_ENV_SOURCES": f"appconfig:a/b/c?ttl={ttl} ssm:/x?ttl=1"},
                f"appconfig:a/b/c: ttl={shown}: AppConfig may be polled every 15 s at most, which",
            )
            for ttl, shown in (("5", "5"), ("0", "0"), ("14.5s", "14.5"))
        ),
        (
            {"A": "appconfig:a/b/c?ttl=5#d"},
            "A=appconfig:a/b/c#d: ttl=5: AppConfig may be polled every 15 s at most",
        ),
        *(
            (
                {prefix + name: "x", "A": "appconfig:a/b/c#d"},
                f"{prefix}{name} has no effect without {prefix}ROLE_ARN; set that too, or unset it",
            )
            for prefix in (AWS, PREFIX)
            for name in ("ROLE_EXTERNAL_ID", "ROLE_SESSION_NAME")
        ),
        *(
            (
                {AWS + name: value, "A": reference},
                f"{AWS}{name} applies to AppConfig alone, which no source reads; set {PREFIX}",
            )
            for name, value in (("ROLE_ARN", ROLE), ("SERVICE_REGION", "eu-west-1"))
            for reference in ("ssm:/a", "secretsmanager:a")
        ),
    ],
)
def test_what_has_no_effect_or_another_one_is_a_warning(
    given: dict[str, str], warning: str
) -> None:
    (found,) = from_environ(given).warnings
    assert found.startswith(warning)


@pytest.mark.parametrize(
    "given",
    [
        {"DATABASE_URL": "file:./dev.db"},
        {AWS + "ROLE_ARN": ROLE},
        {AWS + "ROLE_ARN": ROLE, "A": "appconfig:a/b/c#d", "B": "ssm:/b"},
        {AWS + "ROLE_ARN": ROLE, PREFIX + "ROLE_ARN": ROLE, "B": "ssm:/b"},
        {PREFIX + "ROLE_ARN": ROLE, PREFIX + "ROLE_EXTERNAL_ID": "x", "B": "ssm:/b"},
        {PREFIX + "ROLE_ARN": ROLE, "B": "appconfig:a/b/c#d"},
        {AWS + "SERVICE_REGION": "eu-west-1", PREFIX + "LOCAL_DIR": "/x", "A": "ssm:/a"},
        {
            "APPCONFIG_ENV_LOCAL_DIR": "/x",
            "A": "ssm:/a",
            "B": "secretsmanager:arn:aws:secretsmanager:e:1:secret:x",
        },
        {"AWS_APPCONFIG_EXTENSION_POLL_INTERVAL_SECONDS": "5"},
        {"APPCONFIG_ENV_DEADLINE_SECONDS": "60"},
        {"APPCONFIG_ENV_DEADLINE_SECONDS": "60", "AWS_LAMBDA_FUNCTION_NAME": ""},
        {"APPCONFIG_ENV_DEADLINE_SECONDS": "9.5", "AWS_LAMBDA_FUNCTION_NAME": "f"},
        {f"AWS_APPCONFIG_EXTENSION_{name}": "" for name in AWS_KNOWN},
    ],
)
def test_what_has_its_documented_effect_is_accepted_in_silence(given: dict[str, str]) -> None:
    assert from_environ(given).warnings == ()


def test_every_setting_of_awss_extension_that_is_read_is_known() -> None:
    package = ROOT / "appconfig_env" / "_config"
    ours = re.findall(r'\bAWS_PREFIX \+ "(\w+)"', (package / "settings.py").read_text())
    theirs = re.findall(r'\bPREFIX \+ "(\w+)"', (package / "aws.py").read_text())
    assert {*ours, *theirs} == set(AWS_KNOWN)


def test_every_field_is_in_the_docstring() -> None:
    assert undocumented(Settings) == set()
