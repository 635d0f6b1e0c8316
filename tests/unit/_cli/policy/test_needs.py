"""What each reference needs: actions, ARNs and roles."""

from __future__ import annotations

import pytest

from appconfig_env._backends.aws import services
from appconfig_env._cli.policy.needs import Need, Place, Target, needs_of, parsed
from appconfig_env._config.settings import from_environ
from appconfig_env._config.sources import SCHEMES

OWN = Place("aws", "eu-west-1", "*")
ROLE = "arn:aws:iam::111122223333:role/reader"
OTHER_ROLE = "arn:aws-cn:iam::444455556666:role/profiles"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/db-AbCdEf"
PARAMETER = "arn:aws:ssm:us-east-1:111122223333:parameter/shop/host"


def of(sources: str, own: Place = OWN, **environ: str) -> list[tuple[str, str]]:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources, "AWS_REGION": own.region} | environ)
    return pairs(needs_of(settings).function, own)


def pairs(found: tuple[Need, ...], own: Place = OWN) -> list[tuple[str, str]]:
    return [(need.action, need.target.arn(own)) for need in found]


@pytest.mark.parametrize(
    ("reference", "action", "arn"),
    [
        ("ssm:/shop/prod/", "GetParametersByPath", "parameter/shop/prod"),
        ("ssm:/shop/prod/?recursive=no", "GetParametersByPath", "parameter/shop/prod"),
        ("ssm:/", "GetParametersByPath", "parameter/"),
        ("ssm:/shop/prod/host", "GetParameters", "parameter/shop/prod/host"),
        ("ssm:host", "GetParameters", "parameter/host"),
        ("ssm:/shop/host:3", "GetParameters", "parameter/shop/host"),
        ("ssm:/shop/host:good", "GetParameters", "parameter/shop/host"),
        ("secretsmanager:prod/db", "GetSecretValue", "secret:prod/db-??????"),
        ("secretsmanager:prod/db#password", "GetSecretValue", "secret:prod/db-??????"),
        ("secretsmanager:prod/db?stage=AWSPREVIOUS", "GetSecretValue", "secret:prod/db-??????"),
    ],
)
def test_a_reference_needs_one_action_on_one_arn(reference: str, action: str, arn: str) -> None:
    service = reference.partition(":")[0]

    assert of(reference) == [(f"{service}:{action}", f"arn:aws:{service}:eu-west-1:*:{arn}")]


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        (f"ssm:{PARAMETER}", PARAMETER),
        (f"ssm:{PARAMETER}:3", PARAMETER),
        (f"secretsmanager:{SECRET}", SECRET),
        (f"secretsmanager:{SECRET[:-7]}", f"{SECRET[:-7]}-??????"),
        (f"secretsmanager:{SECRET}:password::", SECRET),
    ],
)
def test_an_arn_keeps_its_partition_region_and_account(reference: str, arn: str) -> None:
    assert [found for _, found in of(reference, Place("aws-cn", "cn-north-1", "9"))] == [arn]


def test_a_profile_needs_two_actions_on_ids_which_its_reference_need_not_have() -> None:
    arn = "arn:aws:appconfig:eu-west-1:*:application/*/environment/*/configuration/*"

    assert of("appconfig:shop/prod/app") == [
        ("appconfig:StartConfigurationSession", arn),
        ("appconfig:GetLatestConfiguration", arn),
    ]


def test_a_profile_whose_ids_are_known_needs_no_wildcard() -> None:
    sources = "appconfig:shop/prod/app appconfig:shop/prod/flags"
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources})
    found = needs_of(settings, {("shop", "prod", "app"): ("a1", "e1", "p1")}).function

    paths = [need.target.path for need in found if need.action.endswith("Session")]

    assert paths == [
        "application/a1/environment/e1/configuration/p1",
        "application/*/environment/*/configuration/*",
    ]


@pytest.mark.parametrize(
    ("own", "start"),
    [
        (Place("aws", "eu-west-1", "123456789012"), "arn:aws:ssm:eu-west-1:123456789012:"),
        (Place("aws-cn", "cn-north-1", "*"), "arn:aws-cn:ssm:cn-north-1:*:"),
        (Place("aws-us-gov", "us-gov-west-1", "*"), "arn:aws-us-gov:ssm:us-gov-west-1:*:"),
        (Place("*", "*", "*"), "arn:*:ssm:*:*:"),
        (Place("${AWS::Partition}", "${AWS::Region}", "1"), "arn:${AWS::Partition}:ssm:"),
    ],
)
def test_an_arn_has_the_callers_own_partition_region_and_account(own: Place, start: str) -> None:
    (need,) = needs_of(from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/shop/"})).function

    assert need.target.arn(own).startswith(start)


def test_another_region_of_a_setting_is_in_the_arn() -> None:
    found = of(
        "appconfig:a/b/c ssm:/x secretsmanager:y",
        AWS_APPCONFIG_EXTENSION_SERVICE_REGION="us-gov-west-1",
        APPCONFIG_ENV_SERVICE_REGION="cn-north-1",
    )

    assert [arn.rpartition(":*:")[0] for _, arn in found] == [
        "arn:aws-us-gov:appconfig:us-gov-west-1",
        "arn:aws-us-gov:appconfig:us-gov-west-1",
        "arn:aws-cn:ssm:cn-north-1",
        "arn:aws-cn:secretsmanager:cn-north-1",
    ]


def test_a_parameter_of_aws_itself_has_no_account() -> None:
    arn = "arn:aws:ssm:eu-west-1::parameter/aws/service/ami"
    own = OWN._replace(account="123456789012")

    for reference in ("ssm:/aws/service/ami", f"ssm:{arn}"):
        (found,) = of(reference, own)
        assert found[1] == "arn:aws:ssm:eu-west-1:*:parameter/aws/service/ami"


def test_a_secret_that_is_read_as_a_parameter_needs_both_rights() -> None:
    assert of("ssm:/aws/reference/secretsmanager/prod/db") == [
        (
            "ssm:GetParameters",
            "arn:aws:ssm:eu-west-1:*:parameter/aws/reference/secretsmanager/prod/db",
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:*:secret:prod/db-??????",
        ),
    ]


@pytest.mark.parametrize(
    ("sources", "is_batch"),
    [
        ("secretsmanager:a secretsmanager:b", True),
        ("secretsmanager:a#x secretsmanager:a#y secretsmanager:a?format=text&as=Z", False),
        ("secretsmanager:a secretsmanager:b?stage=AWSPREVIOUS", False),
        (f"secretsmanager:a secretsmanager:{SECRET}", False),  # in two Regions
        ("secretsmanager:a ssm:/b", False),
    ],
)
def test_two_secrets_of_one_region_are_read_in_a_batch(sources: str, is_batch: bool) -> None:
    batch = ("secretsmanager:BatchGetSecretValue", "*")

    assert (batch in of(sources)) == is_batch


def test_what_several_sources_need_is_one_need_with_all_of_their_names() -> None:
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": "ssm:/shop/host:1",
            "HOST": "ssm:/shop/host",
            "APP_PARAMS_PATH": "shop",
        }
    )
    found = needs_of(settings).function

    assert [(need.action, need.reason) for need in found] == [
        ("ssm:GetParametersByPath", "APP_PARAMS_PATH=ssm:/shop/?recursive=no"),
        ("ssm:GetParameters", "ssm:/shop/host:1, ssm:/shop/host"),
    ]


def test_a_local_file_needs_nothing() -> None:
    assert of("file:/etc/app.env") == []


def test_a_folder_in_place_of_aws_makes_no_difference(tmp_path: object) -> None:
    assert of("ssm:/x", APPCONFIG_ENV_LOCAL_DIR=str(tmp_path)) == of("ssm:/x")


def test_an_assumed_role_reads_and_the_function_assumes_it() -> None:
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": "appconfig:a/b/c ssm:/x/ secretsmanager:y",
            "APPCONFIG_ENV_ROLE_ARN": ROLE,
            "AWS_APPCONFIG_EXTENSION_ROLE_ARN": OTHER_ROLE,
        }
    )
    found = needs_of(settings)

    assert set(pairs(found.function)) == {
        ("sts:AssumeRole", ROLE),
        ("sts:AssumeRole", OTHER_ROLE),
    }
    assert [need.reason for need in found.function] == [
        "AWS_APPCONFIG_EXTENSION_ROLE_ARN",
        "APPCONFIG_ENV_ROLE_ARN",
    ]
    assert pairs(found.roles[ROLE]) == [
        ("ssm:GetParametersByPath", "arn:aws:ssm:eu-west-1:111122223333:parameter/x"),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:y-??????",
        ),
    ]
    assert {arn.rpartition(":")[0] for _, arn in pairs(found.roles[OTHER_ROLE])} == {
        "arn:aws-cn:appconfig:eu-west-1:444455556666"
    }


def test_a_role_that_reads_nothing_is_not_assumed() -> None:
    assert of("ssm:/x", AWS_APPCONFIG_EXTENSION_ROLE_ARN=OTHER_ROLE) == of("ssm:/x")


def test_a_role_for_all_services_is_assumed_once() -> None:
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": "appconfig:a/b/c ssm:/x",
            "APPCONFIG_ENV_ROLE_ARN": ROLE,
            "AWS_APPCONFIG_EXTENSION_ROLE_ARN": ROLE,
        }
    )

    assert pairs(needs_of(settings).function) == [("sts:AssumeRole", ROLE)]


@pytest.mark.parametrize(
    ("sources", "role"),
    [("appconfig:a/b/c ssm:/x", ROLE), ("secretsmanager:x", ROLE), ("appconfig:a/b/c", "")],
)
def test_a_key_is_for_the_role_that_reads_what_it_encrypts(sources: str, role: str) -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources, "APPCONFIG_ENV_ROLE_ARN": ROLE})
    found = needs_of(settings, keys=[KEY])
    by_role = {"": found.function, **found.roles}

    with_key = [name for name, of_role in by_role.items() if ("kms:Decrypt", KEY) in pairs(of_role)]

    assert with_key == [role]


def test_every_scheme_of_aws_has_its_needs() -> None:
    references = {
        "appconfig": "appconfig:a/b/c",
        "ssm": "ssm:/x",
        "secretsmanager": "secretsmanager:x",
    }
    remote = {name for name, scheme in SCHEMES.items() if not scheme.is_local}

    assert remote == references.keys()
    assert all(of(reference) for reference in references.values())


def test_every_operation_has_its_need() -> None:
    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": "appconfig:a/b/c ssm:/x/ ssm:/y secretsmanager:x",
            "DB": "secretsmanager:y",
            "AWS_APPCONFIG_EXTENSION_ROLE_ARN": ROLE,
        }
    )
    found = needs_of(settings)
    actions = {need.action for group in (found.function, *found.roles.values()) for need in group}

    assert actions == {
        f"{services.prefix(service)}:{operation}"
        for operation, service in services.SERVICES.items()
    }


@pytest.mark.parametrize("arn", [ROLE, KEY, SECRET, PARAMETER])
def test_a_parsed_arn_is_the_same_again(arn: str) -> None:
    assert parsed(arn).arn(Place("x", "x", "x")) == arn


def test_an_action_without_resources_is_on_all() -> None:
    assert Target().arn(OWN) == "*"
