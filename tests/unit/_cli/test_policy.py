"""`policy` prints the policy of each role, says what it leaves open, and checks one in a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from appconfig_env._cli.policy import all_needs
from appconfig_env._cli.policy.notes import notes_on
from appconfig_env._cli.policy.options import Options, place
from appconfig_env._cli.policy.template_yaml import parse
from appconfig_env._config.settings import from_environ
from appconfig_env.errors import AppConfigEnvError

from ...support.paths import ROOT
from .process import ran

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SOURCES = {"APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/", "AWS_REGION": "eu-west-1"}
ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/prod"
ROLE = "arn:aws:iam::111122223333:role/reader"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"
ACCOUNT = ("--account", "123456789012")
DECRYPT = "kms:Decrypt"


def no_ids(
    region: str, profiles: Iterable[tuple[str, ...]]
) -> dict[tuple[str, ...], tuple[str, ...]]:
    raise AssertionError((region, profiles))


def written(tmp_path: Path, statement: dict[str, str]) -> str:
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return str(path)


def test_it_prints_a_policy_that_iam_accepts_as_it_is() -> None:
    done = ran("policy", *ACCOUNT, environ=SOURCES)

    assert done.exit_code == 0
    assert json.loads(done.out) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ParametersBelowPaths",
                "Effect": "Allow",
                "Action": "ssm:GetParametersByPath",
                "Resource": ARN,
            }
        ],
    }


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_forms_have_one_content(form: str) -> None:
    done = ran("policy", "--format", form, *ACCOUNT, environ=SOURCES)

    assert yaml.safe_load(done.out)["Statement"][0]["Resource"] == ARN


def test_the_policies_for_sam_know_neither_region_nor_account() -> None:
    done = ran("policy", "--format", "sam", environ=SOURCES)

    data = parse(done.out)
    assert data == {"Policies": [{"Version": "2012-10-17", "Statement": [{
        "Sid": "ParametersBelowPaths",
        "Effect": "Allow",
        "Action": "ssm:GetParametersByPath",
        "Resource": {"Fn::Sub": (
            "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/shop/prod"
        )},
    }]}]}  # fmt: skip
    assert "account" not in done.err


@pytest.mark.parametrize(
    ("environ", "words", "start"),
    [
        ({}, (), "arn:aws:ssm:*:*:"),
        ({"AWS_REGION": "cn-north-1"}, (), "arn:aws-cn:ssm:cn-north-1:*:"),
        ({"AWS_REGION": "cn-north-1"}, ("--region", "us-gov-west-1"), "arn:aws-us-gov:ssm:us-gov-"),
        ({}, ("--region", "eusc-de-east-1"), "arn:aws-eusc:ssm:eusc-de-east-1:"),
        ({}, ("--region", "us-iso-east-1"), "arn:aws-iso:ssm:us-iso-east-1:"),
        ({}, ("--region", "xx-nowhere-1"), "arn:aws:ssm:xx-nowhere-1:"),
        ({}, ACCOUNT, "arn:aws:ssm:*:123456789012:"),
    ],
)
def test_what_is_not_known_of_the_place_is_a_wildcard_but_never_the_partition(
    environ: dict[str, str], words: tuple[str, ...], start: str
) -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "ssm:/shop/prod/", **environ}
    done = ran("policy", *words, environ=environ)

    assert json.loads(done.out)["Statement"][0]["Resource"].startswith(start)


def test_a_role_that_is_assumed_has_a_policy_of_its_own() -> None:
    environ = {**SOURCES, "APPCONFIG_ENV_ROLE_ARN": ROLE}

    of_function = ran("policy", environ=environ)
    of_role = ran("policy", "--role", ROLE, environ=environ)
    both = json.loads(ran("policy", "--json", environ=environ).out)

    assert json.loads(of_function.out)["Statement"][0]["Action"] == "sts:AssumeRole"
    assert f"run this command with --role {ROLE}" in of_function.err
    assert json.loads(of_role.out)["Statement"][0]["Resource"] == ARN.replace(
        "123456789012", "111122223333"
    )
    assert both["policies"] == [
        {"role": None, "policy": json.loads(of_function.out)},
        {"role": ROLE, "policy": json.loads(of_role.out)},
    ]


@pytest.mark.parametrize(
    ("sources", "options", "expected"),
    [
        ("ssm:/x", Options(), ["the Region", "the account", "a customer managed key"]),
        ("ssm:/x", Options(keys=(KEY,)), ["the Region", "the account"]),
        ("ssm:/x", Options(form="sam"), ["a customer managed key"]),
        ("appconfig:a/b/c", Options(form="sam"), ["the ARNs of profiles"]),
        ("appconfig:a/b/c", Options(form="sam", has_ids=True), []),
        (f"ssm:{ARN}", Options(keys=(KEY,)), []),
        (
            " ".join(f"ssm:/shop/a-rather-long-name-of-a-parameter/{n}" for n in range(100)),
            Options(form="sam", keys=(KEY,)),
            ["a managed policy at most 6,144"],
        ),
    ],
)
def test_what_a_policy_leaves_open_is_a_note_with_the_option_for_it(
    sources: str, options: Options, expected: list[str]
) -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": sources})
    found = list(notes_on(all_needs(settings, options, no_ids), settings, options))

    assert len(found) == len(expected)
    assert all(start in note for start, note in zip(expected, found, strict=True))


def test_an_unknown_partition_is_a_note() -> None:
    done = ran("policy", "--region", "xx-nowhere-1", environ=SOURCES)

    assert "the partition of xx-nowhere-1 is not known, so it is aws; correct" in done.err


def test_online_the_ids_of_profiles_are_looked_up_in_appconfigs_own_region() -> None:
    asked = []

    def look_up(
        region: str, profiles: Iterable[tuple[str, ...]]
    ) -> dict[tuple[str, ...], tuple[str, ...]]:
        asked.append((region, list(profiles)))
        return {("shop", "prod", "app"): ("a1", "e1", "p1")}

    settings = from_environ(
        {
            "APPCONFIG_ENV_SOURCES": "appconfig:shop/prod/app ssm:/x",
            "AWS_APPCONFIG_EXTENSION_SERVICE_REGION": "eu-west-3",
        }
    )
    found = all_needs(settings, Options(is_online=True), look_up)

    assert asked == [("eu-west-3", [("shop", "prod", "app")])]
    assert found.function[0].target.path == "application/a1/environment/e1/configuration/p1"


def test_online_nothing_is_looked_up_without_a_profile() -> None:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": "ssm:/x"})

    assert all_needs(settings, Options(is_online=True), no_ids).function


def test_references_with_ids_are_taken_at_their_word() -> None:
    environ = {"APPCONFIG_ENV_SOURCES": "appconfig:abc1234/def5678/ghi9012"}
    done = ran("policy", "--ids", environ=environ)

    (resource,) = [one["Resource"] for one in json.loads(done.out)["Statement"]]
    assert resource.endswith(":application/abc1234/environment/def5678/configuration/ghi9012")


def test_a_key_is_allowed_by_its_arn() -> None:
    done = ran("policy", "--kms-key", KEY, environ=SOURCES)

    statement = json.loads(done.out)["Statement"][-1]
    assert (statement["Action"], statement["Resource"]) == (DECRYPT, KEY)


@pytest.mark.parametrize("sources", [{}, {"APPCONFIG_ENV_SOURCES": "file:/etc/app.env"}])
def test_without_a_source_of_aws_there_is_nothing_to_allow(sources: dict[str, str]) -> None:
    done = ran("policy", environ=sources)

    assert (done.exit_code, done.out) == (1, "")
    assert done.err == (
        "appconfig-env: error: nothing to allow: no source reads from AWS; set "
        "APPCONFIG_ENV_SOURCES\n"
    )


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--region", "eu_west_1"), "--region: expected a Region such as eu-west-1"),
        (("--account", "1234"), "--account: expected 12 digits, got '1234'; correct it"),
        (("--kms-key", "alias/x"), "--kms-key: expected arn:aws:kms:REGION:ACCOUNT:key/ID"),
        (("--role", ROLE), "--role: all sources are read with the function's own role; remove"),
        (("--function", "F"), "--function is for --check alone; add --check FILE"),
        (("--check", "x", "--format", "yaml"), "--format cannot be combined with --check"),
        (("--ids", "--online"), "--ids cannot be combined with --online; remove one"),
        (("--format", "xml"), "'xml' is not one of 'json', 'yaml', 'sam'; run"),
    ],
)
def test_a_wrong_command_line_is_misuse_with_a_remedy(words: tuple[str, ...], problem: str) -> None:
    done = ran("policy", *words, environ=SOURCES)

    assert (done.exit_code, done.out) == (2, "")
    assert problem in done.err


def test_another_role_than_those_of_the_settings_names_them() -> None:
    environ = {**SOURCES, "APPCONFIG_ENV_ROLE_ARN": ROLE}
    done = ran("policy", "--role", ROLE[:-1], environ=environ)

    assert done.exit_code == 2
    assert f"--role: expected {ROLE!r}, got {ROLE[:-1]!r}; correct it" in done.err


def test_a_policy_with_all_that_is_needed_passes(tmp_path: Path) -> None:
    path = written(
        tmp_path, {"Effect": "Allow", "Action": "ssm:GetParametersByPath", "Resource": ARN}
    )

    done = ran("policy", "--check", path, environ=SOURCES)

    assert done == (0, "the policy allows what the sources need, and no more\n", "")


def test_what_a_policy_has_too_little_and_too_much_fails(tmp_path: Path) -> None:
    path = written(tmp_path, {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"})

    done = ran("policy", "--check", path, environ=SOURCES)

    assert done.exit_code == 1
    missing, too_much = done.out.splitlines()
    assert missing.startswith("missing: ssm:GetParametersByPath on arn:aws:ssm:eu-west-1:*:")
    assert too_much.startswith("too much: ssm:GetParameters on * (statement 1) is needed by no")


def test_only_too_much_can_be_allowed(tmp_path: Path) -> None:
    path = written(tmp_path, {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})

    assert ran("policy", "--check", path, environ=SOURCES).exit_code == 1
    assert ran("policy", "--check", path, "--allow-more", environ=SOURCES).exit_code == 0


def test_a_check_for_machines_has_actions_and_resources(tmp_path: Path) -> None:
    path = written(tmp_path, {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"})

    found = json.loads(ran("policy", "--check", path, "--json", environ=SOURCES).out)

    assert (found["missing"], found["notes"]) == ([], [])
    assert [(one["action"], one["resource"]) for one in found["excess"]] == [("ssm:*", "*")]


def test_the_projects_own_template_passes_its_own_check() -> None:
    environ = {
        "AWS_REGION": "eu-west-1",
        "APPCONFIG_ENV_SOURCES": (
            "appconfig:shop/prod/app appconfig:shop/prod/flags ssm:/shop/prod/"
        ),
        "DB_PASSWORD": "secretsmanager:shop/prod/db#password",
    }
    path = str(ROOT / "template.yaml")

    done = ran("policy", "--check", path, "--function", "ExampleFunction", environ=environ)

    assert done.exit_code == 0
    assert done.out.endswith(", as far as the file shows\n")


def test_the_sources_of_a_template_are_used_if_the_environment_has_none() -> None:
    path = str(ROOT / "template.yaml")

    done = ran("policy", "--check", path, environ={"AWS_REGION": "eu-west-1"})

    assert done.exit_code == 0
    assert done.err == f"appconfig-env: note: the sources are those of ExampleFunction in {path}\n"
    assert "secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:*:secret:Data" in (
        done.out
    )


def test_what_the_function_of_a_template_reads_but_may_not_is_missing(tmp_path: Path) -> None:
    text = (
        (ROOT / "template.yaml").read_text().replace("ssm:GetParametersByPath", "ssm:GetParameter")
    )
    path = tmp_path / "template.yaml"
    path.write_text(text)

    done = ran("policy", "--check", str(path), environ={})

    assert done.exit_code == 1
    assert "missing: ssm:GetParametersByPath on arn:*:ssm:*:*:parameter/AWS-StackName/prod" in (
        done.out
    )


def test_a_wrong_setting_in_a_template_is_an_error(tmp_path: Path) -> None:
    variables = {"APPCONFIG_ENV_SOURCES": "smm:/x", "APPCONFIG_ENV_FALLBACK": "/var/task/f.json"}
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"Environment": {"Variables": variables}},
    }
    path = tmp_path / "template.json"
    path.write_text(json.dumps({"Resources": {"Shop": function}}))

    done = ran("policy", "--check", str(path))

    assert done.exit_code == 1
    assert "APPCONFIG_ENV_SOURCES: 'smm:/x': expected a reference that starts with" in done.err
    assert "FALLBACK" not in done.err


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{}", "expected an IAM policy as JSON or YAML"),
        (b"a: [", "neither JSON nor YAML at line 1 column 5; correct it"),
        (b"\xff", "expected UTF-8 text; convert it"),
        (None, "No such file or directory; correct the path"),
    ],
)
def test_a_file_without_a_policy_is_named(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "policy"
    if content is not None:
        path.write_bytes(content)

    done = ran("policy", "--check", str(path), environ=SOURCES)

    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith(f"appconfig-env: error: {path}: {problem}")


def test_an_error_of_a_look_up_is_one_of_ours() -> None:
    def look_up(*_: object) -> dict[tuple[str, ...], tuple[str, ...]]:
        raise AppConfigEnvError("no application; correct the reference")

    settings = from_environ({"APPCONFIG_ENV_SOURCES": "appconfig:a/b/c"})

    with pytest.raises(AppConfigEnvError, match="no application"):
        all_needs(settings, Options(is_online=True), look_up)


def test_the_place_of_a_sam_policy_is_cloudformations() -> None:
    settings = from_environ(SOURCES)

    assert place(settings, Options(form="sam")).region == "${AWS::Region}"
    assert place(settings, Options(form="sam", account="1")).account == "1"


def test_the_sources_may_be_in_a_dotenv_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APPCONFIG_ENV_SOURCES=ssm:/shop/prod/\n")

    done = ran("policy", "--env-file", str(tmp_path / ".env"))

    assert json.loads(done.out)["Statement"][0]["Action"] == "ssm:GetParametersByPath"
