"""Parsing references into sources."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from appconfig_env._config.references import (
    ReferenceProblems,
    is_reference,
    near_miss,
    parse,
    parse_prefetch,
)
from appconfig_env._config.sources import SCHEMES

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbC1x2"
VERSION = "9d4cb84b-ad69-40c0-a0ab-cead36b967e8"


def problems(text: str, variable: str = "") -> list[str]:
    with pytest.raises(ReferenceProblems) as caught:
        parse(text, variable)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "scheme", "parts"),
    [
        ("appconfig:shop/prod/app", "appconfig", ("shop", "prod", "app")),
        ("appconfig:a%2Fb/prod/my%20app", "appconfig", ("a/b", "prod", "my app")),
        ("appconfig:my shop/prod/app", "appconfig", ("my shop", "prod", "app")),
        ("ssm:/shop/prod/host", "ssm", ("/shop/prod/host",)),
        ("ssm:host", "ssm", ("host",)),
        ("ssm:host:3", "ssm", ("host:3",)),
        ("ssm:/shop/host:label", "ssm", ("/shop/host:label",)),
        (
            "ssm:arn:aws:ssm:eu-west-1:1:parameter/shop/host",
            "ssm",
            ("arn:aws:ssm:eu-west-1:1:parameter/shop/host",),
        ),
        ("ssm:/shop/prod/", "ssm", ("/shop/prod/",)),
        ("secretsmanager:prod/db", "secretsmanager", ("prod/db",)),
        ("file:conf/app.env", "file", ("conf/app.env",)),
        ("file:/etc/a%3Fb%23c.json", "file", ("/etc/a?b#c.json",)),
    ],
)
def test_each_scheme_has_its_own_form_of_resource(
    text: str, scheme: str, parts: tuple[str, ...]
) -> None:
    resource = parse(text).resource
    assert (scheme, parts) == (resource.scheme, resource.parts)


@pytest.mark.parametrize(
    ("suffix", "key", "stage", "version", "reference"),
    [
        (":::", (), "", "", ""),
        (":password::", ("password",), "", "", "#password"),
        ("::AWSPREVIOUS:", (), "AWSPREVIOUS", "", "?stage=AWSPREVIOUS"),
        (f":::{VERSION}", (), "", VERSION, f"?version={VERSION}"),
        (":password:AWSPENDING:", ("password",), "AWSPENDING", "", "?stage=AWSPENDING#password"),
        (f":password::{VERSION}", ("password",), "", VERSION, f"?version={VERSION}#password"),
        (f":password:A:{VERSION}", ("password",), "A", VERSION,
         f"?stage=A&version={VERSION}#password"),
        (":db.host::", ("db.host",), "", "", "#db%2Ehost"),
        (":a%3Ab%23c::", ("a:b#c",), "", "", "#a%3Ab%23c"),
        (":password::?optional", ("password",), "", "", "?optional#password"),
        ("::AWSPREVIOUS:#db.host", ("db", "host"), "AWSPREVIOUS", "",
         "?stage=AWSPREVIOUS#db.host"),
        (":password::?stage=A", ("password",), "A", "", "?stage=A#password"),
        (":password::?default=a%23b", ("password",), "", "", "#password?default=a%23b"),
    ],
)  # fmt: skip
def test_the_form_of_ecs_has_key_stage_and_version_after_the_arn(
    suffix: str, key: tuple[str, ...], stage: str, version: str, reference: str
) -> None:
    source = parse(f"secretsmanager:{SECRET}{suffix}", "DB_PASSWORD")
    resource = source.resource
    assert (resource.name, source.key) == (SECRET, key)
    assert (resource.stage, resource.version) == (stage, version)
    assert source.reference == f"secretsmanager:{SECRET}{reference}"
    assert source == parse(source.reference, "DB_PASSWORD")


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "eu-west-1"])
def test_the_form_of_ecs_keeps_the_region_of_the_arn(region: str) -> None:
    arn = f"arn:aws:secretsmanager:{region}:123456789012:secret:a/b-AbCdEf"
    assert parse(f"secretsmanager:{arn}:password::").resource.arn_region == region


def test_a_dot_within_a_key_is_percent_encoded() -> None:
    assert parse("ssm:x#a%2Eb.c").key == ("a.b", "c")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("smm:/x", "appconfig:, ssm:, secretsmanager:, file: (nearest: ssm:); correct"),
        ("SSM:/x", "(nearest: ssm:)"),
        ("appconfg:shop/prod/app", "(nearest: appconfig:)"),
        ("app-config:shop/prod/app", "(nearest: appconfig:)"),
        ("secretmanager:prod/db", "(nearest: secretsmanager:)"),
        ("files:/x.env", "(nearest: file:)"),
        ("'ssm:/x'", "(nearest: ssm:)"),
        ("https://example.com", "secretsmanager:, file:; correct"),
        ("/x", "secretsmanager:, file:; correct"),
        ("", "secretsmanager:, file:; correct"),
        ("ssm:", "expected a name after ssm:"),
        ("ssm:?optional", "expected a name after ssm:"),
        ("file:", "expected a name after file:"),
        ("appconfig:a/b", "APPLICATION/ENVIRONMENT/PROFILE"),
        ("appconfig:a/b/c/d", "APPLICATION/ENVIRONMENT/PROFILE"),
        ("appconfig:a//c", "APPLICATION/ENVIRONMENT/PROFILE"),
        ("ssm:shop/", "a / before a path"),
        ("ssm:shop/prod/DB_HOST", "before a name with a / in it"),
        ("ssm:shop/prod/DB_HOST:3", "before a name with a / in it"),
        ("ssm:shop%2FDB_HOST", "before a name with a / in it"),
        ("ssm:/shop//", "single slashes"),
        ("ssm://shop/x", "single slashes"),
        ("ssm:/x:", "expected one version or label after a name"),
        ("ssm:/x:3:4", "expected one version or label after a name"),
        ("ssm:/x:3/", "expected one version or label after a name"),
        ("ssm:/x/:3", "expected one version or label after a name"),
        ("ssm:x:password::", "expected one version or label after a name"),
        ("ssm:arn:aws:ssm:eu-west-1:1:parameter/x:", "expected one version or label"),
        ("ssm:arn:aws:ssm:eu-west-1:1:parameter/x:3:4", "expected one version or label"),
        ("ssm:/x%", "invalid percent-encoding"),
        ("ssm:/x%zz", "invalid percent-encoding"),
        ("ssm:/x%ff", "invalid percent-encoding"),
        ("ssm:/x#%zz", "invalid percent-encoding"),
        ("ssm:/x%0A", "printable"),
        ("ssm:/x ", "white space"),
        ("ssm:/x\udcff", "UTF-8"),
        ("ssm:/x#", "key after #"),
        ("ssm:/x#a..b", "single dots"),
        ("ssm:/x#a#b", "%23"),
        ("ssm:/x?optional#a?b", "write # and ? in a key as %23 and %3F"),
        ("ssm:/x#a?b", "unknown option 'b'"),
        ("ssm:/x#a?b", "write a ? in a name or key as %3F"),
        ("ssm:/x#a?optional#b", "a second # follows the options"),
        ("ssm:/x#a?default=b#c", "a second # follows the options; write it as %23"),
        ("ssm:/x?default=#a", "a # after default= may be part of the value or begin #KEY"),
        ("ssm:/x?default=pa#ss", "write it as %23, or put #KEY before the options"),
        ("ssm:/x?optional&default=pa#ss", "write it as %23, or put #KEY before the options"),
        ("ssm:/x?default=pa#ss&optional", "write it as %23, or put #KEY before the options"),
        ("ssm:/x?default=pa#ss?optional#a", "write it as %23, or put #KEY before the options"),
        ("ssm:/x&optional", "? before the first option"),
        ("ssm:/x/,appconfig:a/b/c", "separate references with white space"),
        ("ssm:/x/;appconfig:a/b/c", "separate references with white space"),
        ("ssm:/x/,", "separate references with white space, not commas or semicolons"),
        ("ssm:/x,/y", "not commas or semicolons"),
        ("secretsmanager:prod/db;", "not commas or semicolons"),
        ("secretsmanager:prod/db#password,", "not commas or semicolons"),
        ("appconfig:shop/prod/app;", "not commas or semicolons; write a comma in a name as %2C"),
        ("appconfig:shop/prod/app,ssm:/x", "not commas or semicolons"),
        ("file:/x.env;", "not commas or semicolons"),
        ("ssm:/${APP}/x", "variables are not expanded; write the name itself, or $ and { in it as"),
        ("appconfig:${APP}/prod/app", "variables are not expanded"),
        ("appconfig:{{app}}/prod/app", "variables are not expanded"),
        ("secretsmanager:prod/${STAGE}#key", "variables are not expanded"),
        ("file:${HOME}/x.env", "variables are not expanded"),
        ("ssm:/shop/$STAGE/x", "letters, digits and ._-/ in a parameter's name, got '$'; correct"),
        ("ssm:/shop/<stage>/", "got '<', '>'"),
        ("ssm:/shop/a b", "got ' '"),
        ("ssm:/shop/a+b=c", "got '+', '='"),
        ("ssm:/shop/caf%C3%A9", "got 'é'"),
        ("ssm:/shop/x%2Ay", "got '*'"),
        ("ssm:/shop/x:a b", "got ' '"),
        ("ssm:x\\y", "got '\\\\'"),
        ("secretsmanager:prod/$db", "letters, digits and /_+=.@-! in a secret's name, got '$'"),
        ("secretsmanager:prod db", "got ' '"),
        (f"secretsmanager:{SECRET}$", "got '$'"),
        ("ssm:arn:aws:secretsmanager:e:1:secret:db-AbCdEf", "write secretsmanager:ARN for this"),
        ("secretsmanager:arn:aws:ssm:e:1:parameter/db", "write ssm:ARN for this one"),
        ("ssm:arn:aws:s3:::bucket/key", "arn:aws:ssm:REGION:ACCOUNT:parameter/NAME; correct it"),
        ("ssm:arn:aws:ssm:e:1:document/x", "expected an ARN such as arn:aws:ssm:REGION:ACCOUNT:"),
        ("ssm:arn:aws", "expected an ARN such as"),
        ("secretsmanager:arn:aws:iam::1:role/x", "ACCOUNT:secret:NAME; correct it"),
        ("ssm:/shop/*", "wildcards are not expanded; name a path such as ssm:/shop/prod/"),
        ("appconfig:shop/*/app", "wildcards are not expanded; write a * in a name as %2A"),
        ("secretsmanager:prod/*#a", "wildcards are not expanded; name one secret"),
        ("file:/conf/*.env", "wildcards are not expanded"),
        ("secretsmanager:x?stage=AWSPREVIOUS,", "staging label"),
        ("secretsmanager:x?version=", "expected a version ID, got ''"),
        ("secretsmanager:x?version=1;", "expected a version ID"),
        ("ssm:/x?version=3", "option version applies only to secrets; write ssm:NAME:VERSION"),
        ("ssm:/x?stage=good", "write ssm:NAME:VERSION or ssm:NAME:LABEL"),
        ("appconfig:a/b/c?version=3", "option version applies only to secrets; remove it"),
        ("file:/x.json?version=3", "option version applies only to secrets; remove it"),
        (f"secretsmanager:{SECRET}:password", "ARN:KEY:STAGE:VERSION"),
        (f"secretsmanager:{SECRET}:password:", "write all three colons"),
        (f"secretsmanager:{SECRET}:", "write all three colons"),
        (f"secretsmanager:{SECRET}:a:b:c:d", "write all three colons"),
        (f"secretsmanager:{SECRET}:%zz::", "invalid percent-encoding"),
        (f"secretsmanager:{SECRET}:a:%0A:", "printable"),
        (f"secretsmanager:{SECRET}:password::#user", "#KEY is already a part of the ARN"),
        (f"secretsmanager:{SECRET}::A:?stage=A", "option stage is already a part of the ARN"),
        (f"secretsmanager:{SECRET}:::v?version=w", "option version is already a part of the ARN"),
        (f"secretsmanager:{SECRET}:password::&optional", "? before the first option"),
        (f"secretsmanager:{SECRET}:password::,ssm:/x", "separate references with white space"),
        (f"secretsmanager:{SECRET}:password:*:", "wildcards are not expanded"),
        (f"secretsmanager:{SECRET}:password::?format=text", "cannot be combined with format=text"),
        ("secretsmanager:prod/db:password::", "a secret's name has no colon; write a key"),
        ("secretsmanager:prod/db:AWSPREVIOUS", "a staging label as ?stage="),
        ("secretsmanager:prod%3Adb", "a secret's name has no colon"),
        (f"secretsmanager:{SECRET}%3Apassword%3A%3A", "a secret's name has no colon"),
        (f"secretsmanager:{SECRET}%3Ab:password::", "a secret's name has no colon"),
        ("ssm:/x?", "unknown option '' (known: prefix, names,"),
        ("ssm:/x?shout=yes", "unknown option 'shout' (known: prefix, names,"),
        ("ssm:/x?prefx=A_", "unknown option 'prefx' (nearest: prefix); correct its name"),
        ("ssm:/x?Optional", "unknown option 'Optional' (nearest: optional)"),
        ("ssm:/x?names=uper", "expected upper or keep, got 'uper' (nearest: upper)"),
        ("ssm:/x?format=jsn", "got 'jsn' (nearest: json)"),
        ("ssm:/x?optional&optional", "duplicate option optional"),
        (
            "ssm:/x?optional=perhaps",
            "expected yes or no (also true or false, on or off, 1 or 0), got 'perhaps'",
        ),
        ("ssm:/x?env", "expected env=VALUE"),
        ("ssm:/x?default", "expected default=VALUE"),
        ("ssm:/x?default=%00", "NUL"),
        ("ssm:/x?names=lower", "upper or keep"),
        ("ssm:/x/?join=", "expected letters, digits or underscores (__), got ''"),
        ("ssm:/x/?join=.", "expected letters, digits or underscores (__), got '.'"),
        ("ssm:/x/?join=-", "letters, digits or underscores"),
        ("ssm:/x/?join=:", "letters, digits or underscores"),
        ("ssm:/x/?join=%C3%A4", "letters, digits or underscores"),
        ("ssm:/x/?join", "expected join=VALUE"),
        ("ssm:/x/?jion=__", "unknown option 'jion' (nearest: join)"),
        ("ssm:/x?as=1A", "variable name"),
        ("ssm:/x?prefix=a-b", "variable name"),
        ("ssm:/x?only=", "variable name"),
        ("ssm:/x?only=A,,B", "variable name"),
        ("ssm:/x?format=xml", "expected json, dotenv, text, yaml or binary, got 'xml'; correct"),
        ("ssm:/x?ttl=soon", "expected a number of seconds"),
        ("ssm:/x?ttl=-1", "expected a number of seconds"),
        ("ssm:/x?ttl=1e3", "expected a number of seconds"),
        ("ssm:/x?ttl=" + "9" * 400, "expected a number of seconds"),
        ("secretsmanager:x?stage=", "staging label"),
    ],
)
def test_a_malformed_reference_is_an_error(text: str, part: str) -> None:
    (problem,) = problems(text)
    assert part in problem


@pytest.mark.parametrize(
    "text",
    [
        "ssm:/x?recursive=no",
        "ssm:/x?stage=A",
        "ssm:/x/#key",
        "ssm:/x/?default=1",
        "ssm:/x/?format=json",
        "ssm:/x?as=A&prefix=B_",
        "ssm:/x?as=A&names=keep",
        "ssm:/x?as=A&only=A",
        "ssm:/x?as=A&join=__",
        "ssm:/x?format=text#key",
        "secretsmanager:x?format=binary#key",
        "ssm:/x/?format=binary",
        "secretsmanager:x?format=binary&default=YWJj",
    ],
)
def test_contradictory_options_are_an_error(text: str) -> None:
    assert len(problems(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "ssm:/path/",
        *(f"ssm:/x?{option}" for option in ("prefix=A", "names=keep", "as=B", "env=no", "only=A")),
        "ssm:/x?join=__",
    ],
)
def test_references_for_lists_are_an_error_as_a_variables_value(text: str) -> None:
    parse(text)
    assert len(problems(text, "NAME")) == 1


def test_all_errors_of_one_reference_are_reported_at_once() -> None:
    assert len(problems("appconfig:a?shout=1&ttl=soon&recursive=no#a..b")) == 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ssm:/x", True),
        ("ssm:", True),
        ("secretsmanager:x", True),
        ("appconfig:x", True),
        ("file:x", False),
        ("ssm", False),
        ("SSM:/x", False),
        (" ssm:/x", False),
        ("https://ssm:/x", False),
        ("", False),
    ],
)
def test_a_reference_starts_with_a_scheme(value: str, expected: bool) -> None:
    assert is_reference(value) is expected


@pytest.mark.parametrize(
    "text", ["a:b:c", "/applications/a/environments/b/configurations/c", "a:b:c%20d"]
)
def test_both_forms_of_the_prefetch_list_are_parsed(text: str) -> None:
    source = parse_prefetch(text)
    assert source.resource.parts == ("a", "b", "c d" if "%" in text else "c")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("appconfig:a,b/c;d/e", "e"),
        ("appconfig:a/b/c%2A%2C", "c*,"),
        ("file:/a,b;c.env", "/a,b;c.env"),
    ],
)
def test_a_separator_can_be_part_of_a_name_that_can_have_it(text: str, name: str) -> None:
    source = parse(text)
    assert source.resource.name == name
    assert parse(source.reference) == source


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a:b:c;d", "separate items with commas"),
        ("a:b:c;", "separate items with commas"),
        ("a:b:*", "wildcards are not expanded"),
        ("${APP}:prod:app", "variables are not expanded"),
        ("/applications/a/environments/*/configurations/c", "wildcards are not expanded"),
    ],
)
def test_a_separator_or_wildcard_in_the_prefetch_list_is_an_error(text: str, part: str) -> None:
    with pytest.raises(ReferenceProblems, match=part):
        parse_prefetch(text)


@pytest.mark.parametrize(
    "text",
    [
        "a:b", "a:b:c:d", "a::c", "/applications/a/environments/b", "/a/b/c/d/e/f",
        "/applications/a/environments/b/configurations/", "a:b:c%zz", "a:b:c\n", "a:b:c\udcff",
    ],
)  # fmt: skip
def test_any_other_form_in_the_prefetch_list_is_an_error(text: str) -> None:
    with pytest.raises(ReferenceProblems):
        parse_prefetch(text)


# Characters that names may contain, those of the grammar included.
part = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=8)
variable = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)


@given(st.text(max_size=40), st.sampled_from(["", "ssm:", "appconfig:a/b/c?", "ssm:/x?as=A&"]))
def test_any_text_is_a_source_or_a_list_of_errors(text: str, start: str) -> None:
    try:
        source = parse(start + text)
    except ReferenceProblems as error:
        problems = error.problems
    else:
        assert parse(source.reference) == source
        return
    assert problems
    assert all(problems)
    "\n".join(problems).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (
            "secretmanager:prod/db#password",
            "begins with secretmanager:, did you mean secretsmanager:?",
        ),
        ("secretsmanger:prod/db", "begins with secretsmanger:, did you mean secretsmanager:?"),
        ("secrestmanager:prod/db", "begins with secrestmanager:, did you mean secretsmanager:?"),
        ("secrets-manager:prod/db", "begins with secrets-manager:, did you mean secretsmanager:?"),
        ("Secrets_Manager:prod/db", "begins with Secrets_Manager:, did you mean secretsmanager:?"),
        ("SecretsManager:prod/db?default=a", "begins with SecretsManager:, did you mean"),
        ("papcnofig:shop/prod/app", "begins with papcnofig:, did you mean appconfig:?"),
        ("appconfg:shop/prod/app#a", "begins with appconfg:, did you mean appconfig:?"),
        ("app-config:shop/prod/app", "begins with app-config:, did you mean appconfig:?"),
        ("AppConfig:shop/prod/app", "begins with AppConfig:, did you mean appconfig:?"),
        ("SSM:/shop/prod/host", "begins with SSM:, did you mean ssm:?"),
        ('"secretsmanager:prod/db#password"', "between quotation marks or white space"),
        ("'ssm:/shop/prod/host'", "between quotation marks or white space"),
        (" ssm:/shop/prod/host", "between quotation marks or white space"),
        ("appconfig:shop/prod/app\n", "between quotation marks or white space"),
        ("'SecretManager:prod/db'", "begins with SecretManager:, did you mean secretsmanager:?"),
        # With another mistake, which is reported once this one is corrected.
        ("SSM:/shop/prod/", "begins with SSM:, did you mean ssm:?"),
        ("SSM:shop/prod/", "begins with SSM:, did you mean ssm:?"),
        ("Ssm:/shop/prod/?prefix=X_", "begins with Ssm:, did you mean ssm:?"),
        ("SSM:arn:aws:ssm:eu-west-1:1:parameter/shop/host", "did you mean ssm:?"),
        ("secretmanager:prod/db?stgae=AWSPREVIOUS", "did you mean secretsmanager:?"),
        ("secretmanager:prod/db?as=X#password", "did you mean secretsmanager:?"),
        ("Secretsmanager:rds!db-1#a?b", "did you mean secretsmanager:?"),
        (f"secretmanager:{SECRET}:password::", "did you mean secretsmanager:?"),
        (f"'secretsmanager:{SECRET}:::'", "between quotation marks or white space"),
        ("'ssm:/shop/prod/'", "between quotation marks or white space"),
        ("`ssm:/shop/prod/`", "between quotation marks or white space"),
        ("\u2018ssm:/shop/prod/\u2019", "between quotation marks or white space"),
        ("\u201csecretmanager:prod/db\u201d", "did you mean secretsmanager:?"),
        ("App_Config:My App/prod/flags?fromat=json", "did you mean appconfig:?"),
    ],
)
def test_a_value_that_is_a_reference_but_for_a_mistake_is_an_error(value: str, reason: str) -> None:
    found = near_miss(value)
    assert found is not None
    assert reason in found.reason
    assert found.is_certain
    assert "password" not in found.reason


@pytest.mark.parametrize(
    "value",
    [
        "sm:/shop/prod/host",
        "smm:/shop/prod/host",
        "ssmm:/shop/prod/host",
        "sms:/shop/prod/host",
        "{{resolve:ssm:/shop/prod/host}}",
        "x {{resolve:secretsmanager:prod/db:SecretString:password}}",
        "${ssm:/shop/prod/host}",
        "${secretsmanager:prod/db}",
        "{{ssm:host}}",
        "{{ ssm:/shop/prod/host }}",
        "{{ resolve:ssm:/shop/prod/host:1 }}",
        "{{Resolve:SSM:/shop/prod/host}}",
        "${ ssm:/shop/prod/host }",
        "${SSM:/shop/prod/host}",
        # Without a slash, three letters are as likely a word of another language.
        "SSM:debug",
        "Ssm:host:3",
        "SSM: /shop/prod/host",
        "Ssm:\t/x",
    ],
)
def test_a_value_that_may_be_meant_as_a_reference_is_a_warning(value: str) -> None:
    found = near_miss(value)
    assert found is not None
    assert not found.is_certain


@pytest.mark.parametrize(
    "value",
    [
        "",
        "host",
        "https://example.com:443/a",
        "postgresql://user:pw@host/db",
        "arn:aws:ssm:eu-west-1:1:parameter/shop/host",
        "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-abc",
        "AppConfig: what we use",
        "AppConfig: what/we/use",
        "AppConfig:debug",
        "SecretsManager: see the wiki",
        "SSM: see the wiki",
        "SSM:debug,S3:info",
        "SSM:",
        "SSM:on;S3:off",
        "SSM://host/db",
        "'ssm: see the wiki'",
        "{{name}}: ssm",
        "${SSM}:/bin",
        "appconfig://shop/prod",
        "applications:a/b/c",
        "smtp:/x",
        "sms:+49",
        "ssh:host/path",
        f"secrets{' ' * 20}manager:prod/db",
        "ssl:on",
        "12:30",
        "a:b",
        "file:/etc/hosts",
        "secrets:prod/db",
        "${HOME}:/bin",
    ],
)
def test_any_other_value_is_left_as_it_is(value: str) -> None:
    assert near_miss(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "SSM: n/a",
        "SSM: on/off",
        "SSM: /shop/prod and /shop/test",
        "SSM: see /docs/ssm",
        "SSM: // not used",
        "AppConfig: dev/test/prod",
        "AppConfig: a/b/c",
        "AppConfig: enabled",
        "SecretsManager: yes/no",
        "SecretsManager:my secret",
        "SecretsManager: rotate monthly",
        "Secrets Manager: disabled",
        "note: /etc/hosts is mounted",
        "Error: /x not found",
        "level: info",
        "file:./dev.db",
        "redis://cache:6379/0",
        "10:30:00",
        "C: /temp",
        "role: admin/write",
        "Bearer: abc/def",
    ],
)
def test_ordinary_text_with_a_colon_is_left_as_it_is(value: str) -> None:
    assert near_miss(value) is None


@given(st.sampled_from(["appconfig", "secretsmanager"]), st.data())
def test_one_wrong_letter_in_a_long_scheme_is_always_found(
    scheme: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(scheme) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    wrong = data.draw(
        st.sampled_from(
            [
                scheme[:place] + scheme[place + 1 :],
                scheme[:place] + letter + scheme[place:],
                scheme[:place] + letter + scheme[place + 1 :],
                scheme[:place] + scheme[place : place + 2][::-1] + scheme[place + 2 :],
            ]
        )
    )
    assume(wrong not in SCHEMES)
    found = near_miss(f"{wrong}:shop/prod/app")
    assert found is not None
    assert f"did you mean {scheme}:?" in found.reason


@given(st.sampled_from(["ssm:/shop/{}", "secretsmanager:{}", "appconfig:shop/prod/{}"]), st.data())
def test_no_reference_with_other_case_or_quotation_marks_is_passed_on(
    pattern: str, data: st.DataObject
) -> None:
    name = data.draw(st.text("abcXYZ019_.-", min_size=1))
    suffix = data.draw(st.sampled_from(["", "?optional", "?default=a b", "#key", "?x=y&z#a.b"]))
    reference = pattern.format(name) + suffix
    scheme, colon, rest = reference.partition(":")
    cased = "".join(data.draw(st.sampled_from([one, one.upper()])) for one in scheme)
    mark = data.draw(st.sampled_from(["", '"', "'", " ", "\n"]))
    value = f"{mark}{cased}{colon}{rest}{mark}"
    found = near_miss(value)
    assert is_reference(value) or (found is not None and found.is_certain)


@given(
    st.sampled_from(["SSM", "Ssm", "AppConfig", "SecretsManager", "app-config", "secretmanager"]),
    st.lists(st.text("abcXYZ019_.-,;", min_size=1), min_size=2),
)
def test_no_sentence_after_a_name_of_a_service_is_an_error(name: str, words: list[str]) -> None:
    assert near_miss(f"{name}: {' '.join(words)}") is None


@pytest.mark.parametrize("yes", ["", "=yes", "=true", "=TRUE", "=On", "=1"])
@pytest.mark.parametrize("no", ["no", "false", "False", "OFF", "0"])
def test_options_have_the_words_of_settings(yes: str, no: str) -> None:
    source = parse(f"ssm:/x/?optional{yes}&env={no}&recursive={no}")
    assert source.reference == "ssm:/x/?recursive=no&env=no&optional"
