"""A folder in place of AWS, and local files."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from appconfig_env._backends.base import Request
from appconfig_env._backends.local import LARGEST_FILE_BYTES, LocalBackend, read_file
from appconfig_env._cache.load import load
from appconfig_env._config.references import parse
from appconfig_env._config.settings import from_environ
from appconfig_env._content.document import Document
from appconfig_env.errors import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from appconfig_env._backends.base import Outcome

CANARY = "c4n4ry"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def outcome(folder: Path | str, reference: str) -> Outcome:
    resource = parse(reference).resource
    (found,) = LocalBackend(str(folder))([Request(resource)], 1.0).values()
    return found


def values(folder: Path, references: str, **environ: str) -> dict[str, str]:
    settings = from_environ({"APPCONFIG_ENV_SOURCES": references, **environ})
    found = load(settings, LocalBackend(str(folder)), 1.0, timeout=1.0)
    assert found.missing(settings) == []
    return found.values(settings)


def reason(folder: Path | str, reference: str) -> str:
    found = outcome(folder, reference)
    assert isinstance(found, Failure)
    assert not found.is_unavailable
    assert found.hint
    assert "; " not in found.summary, "the remedy is the hint"
    return str(found)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a:b:c", '{"x": 1}', {"X": "1"}),
        ("a:b:c", "text", {"C": "text"}),
        ("a:b:c.json", '{"x": 1}', {"X": "1"}),
        ("a:b:c.env", "X='$1'\n", {"X": "$1"}),
        ("a:b:c.yaml", "x: 1", {"X": "1"}),
        ("a:b:c.yml", "x: 1", {"X": "1"}),
        ("a:b:c.txt", "x: 1", {"C": "x: 1"}),
        ("a:b:c.application%json", '{"x": 1}', {"X": "1"}),
        ("a:b:c.text%plain", "x: 1", {"C": "x: 1"}),
        ("a:b:c.application%vnd.api+json", '{"x": 1}', {"X": "1"}),
        ("a/b/c.json", '{"x": 1}', {"X": "1"}),
        ("a/b/c", "text", {"C": "text"}),
        ("a/b/c.application%x-yaml", "x: 1", {"X": "1"}),
    ],
)
def test_a_profile_is_a_file_as_awss_agent_names_it(
    folder: Path, name: str, content: str, expected: dict[str, str]
) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    assert values(folder, "appconfig:a/b/c") == expected


def test_one_profile_in_two_files_is_an_error_that_names_both(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    for name in ("a:b:c.application%json", "a/b/c.json"):
        (folder / name).write_text("{}")
    error = reason(folder, "appconfig:a/b/c")
    assert "a:b:c.application%json and " in error
    assert error.endswith("a/b/c.json exist; remove all but one")


@pytest.mark.parametrize(
    "name", ["a:b:c.bak", "a:b:c~", "a:b:c.json.bak", "a:b:c.%json", "a:b:c.json%", "a:b:cc.json"]
)
def test_a_file_with_another_ending_is_not_the_profile(folder: Path, name: str) -> None:
    (folder / name).write_text("{}")
    error = reason(folder, "appconfig:a/b/c")
    assert "no such file in " in error
    assert "(looked for a:b:c, a:b:c.json, " in error
    assert "a/b/c.json); create one" in error


def test_a_slash_in_a_name_is_written_in_hexadecimal(folder: Path) -> None:
    (folder / "a%2Fb:my env:c.json").write_text('{"x": 1}')
    assert values(folder, "appconfig:a%2Fb/my%20env/c") == {"X": "1"}


def test_no_name_leads_out_of_the_folder(folder: Path) -> None:
    (folder / "secret.json").write_text("{}")
    (folder / "in").mkdir()
    assert "no such file" in reason(folder / "in", "appconfig:..%2F../secret/x")
    (folder / "x").mkdir()
    (folder / "in" / "a").mkdir()
    (folder / "x" / "c.json").write_text("{}")
    for reference in ("appconfig:%2E%2E/x/c", "appconfig:a/%2E%2E/c", "appconfig:../x/c"):
        assert "no such file" in reason(folder / "in", reference)


@pytest.mark.parametrize("name", ["ssm.json", "ssm.env"])
def test_parameters_are_in_one_file_by_name(folder: Path, name: str) -> None:
    pairs = {"/p/a": "1", "/p/b/c": "2", "/q/x": "3", "plain": "4"}
    lines = "".join(f"{key}={value}\n" for key, value in pairs.items())
    (folder / name).write_text(json.dumps(pairs) if name.endswith("json") else lines)
    assert values(folder, "ssm:/p/") == {"A": "1", "B_C": "2"}
    assert values(folder, "ssm:/p/?recursive=no") == {"A": "1"}
    assert values(folder, "ssm:/q/x") == {"X": "3"}
    assert values(folder, "ssm:/q/x:7 ssm:plain:label") == {"X": "3", "PLAIN": "4"}
    arn = "ssm:arn:aws:ssm:eu-west-1:1:parameter"
    assert values(folder, f"{arn}/q/x {arn}/plain:3") == {"X": "3", "PLAIN": "4"}


@pytest.mark.parametrize("name", ["ssm.json", "ssm.env"])
def test_a_name_with_a_slash_begins_with_one(folder: Path, name: str) -> None:
    pairs = {"/p/a": CANARY, "p/b": CANARY, "q/c/d": CANARY}
    lines = "".join(f"{key}={value}\n" for key, value in pairs.items())
    (folder / name).write_text(json.dumps(pairs, indent=1) if name.endswith("json") else lines)
    first = 3 if name.endswith("json") else 2
    error = reason(folder, "ssm:/p/")
    assert error.endswith(
        f"{name}: a name with a slash begins with one, but not line {first}: 'p/b', "
        f"line {first + 1}: 'q/c/d'; write '/p/b'"
    )
    assert CANARY not in error


@pytest.mark.parametrize("name", ["ssm.json", "ssm.env"])
@pytest.mark.parametrize("odd", ["//x", "/p//x", "/p/x/", "/p/$x", "/p/x:3", "/p/a+b"])
def test_a_file_has_no_name_that_parameter_store_does_not_allow(
    folder: Path, name: str, odd: str
) -> None:
    text = json.dumps({"/p/a": CANARY, odd: CANARY}, indent=1)
    (folder / name).write_text(text if name.endswith("json") else f"/p/a={CANARY}\n{odd}=x\n")
    error = reason(folder, "ssm:/p/a")
    line = 3 if name.endswith("json") else 2
    assert error.endswith(
        f"{name}: names that Parameter Store does not allow: line {line}: {odd!r}; use letters, "
        "digits and ._-/, without // and without a / at the end"
    )
    assert CANARY not in error


def test_a_public_parameter_can_be_in_a_file(folder: Path) -> None:
    names = ["/aws/service/ami-amazon-linux-latest/al2023", "/aws/reference/secretsmanager/rds!a+b"]
    (folder / "ssm.json").write_text(json.dumps(dict.fromkeys(names, "1")))
    for name in names:
        assert values(folder, f"ssm:{name}?as=X") == {"X": "1"}


def test_values_are_text_or_json(folder: Path) -> None:
    (folder / "ssm.json").write_text('{"/p/n": 5, "/p/o": {"a": [1]}, "/p/x": null, "/p/b": true}')
    assert values(folder, "ssm:/p/") == {"N": "5", "O": '{"a":[1]}', "B": "true"}
    assert values(folder, "ssm:/p/o") == {"A": "[1]"}
    for reference in ("ssm:/p/x", "ssm:/p"):
        error = reason(folder, reference)
        assert "no parameter of this name (a path ends in /) in " in error


def test_secrets_are_in_one_file_by_name_and_stay_secret(folder: Path) -> None:
    (folder / "secrets.json").write_text(json.dumps({"prod/db": {"user": "u"}, "key": CANARY}))
    assert values(folder, "secretsmanager:prod/db secretsmanager:key") == {
        "USER": "u",
        "KEY": CANARY,
    }
    arn = "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:key"
    assert values(folder, f"{arn}-AbCdEf {arn}?as=PARTIAL") == {"KEY": CANARY, "PARTIAL": CANARY}
    ecs = f"{arn.replace(':key', ':prod/db')}-AbCdEf:user::"
    assert values(folder, f"{ecs}?as=OF_ECS") == {"OF_ECS": "u"}
    found = outcome(folder, "secretsmanager:key?stage=AWSPREVIOUS")
    assert isinstance(found, Document)
    assert (found.secret, found.version) == (True, "")
    error = reason(folder, "secretsmanager:prod/bd")
    assert "no secret of this name in " in error
    assert error.endswith(
        "secrets.json, which has 'prod/db', 'key'; add it there, or correct the reference"
    )
    assert CANARY not in error


@pytest.mark.parametrize("name", ["a:b:c", "a/b/c"])
def test_a_content_type_with_a_parameter_is_named_as_by_the_agent(folder: Path, name: str) -> None:
    path = folder / f"{name}.application%ion%type=AWS.AppConfig.FeatureFlags"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("'checkout'::'''{}'''")

    document = outcome(folder, "appconfig:a/b/c")

    assert isinstance(document, Document)
    assert document.content_type == "application/ion;type=AWS.AppConfig.FeatureFlags"
    assert document.body == path.read_bytes()


@pytest.mark.parametrize("name", ["a:b:c", "a:b:c.txt", "a:b:c.application%x-pkcs12", "a:b:c.json"])
def test_a_binary_profile_is_its_bytes(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\0\xff")

    assert values(folder, "appconfig:a/b/c?format=binary&as=C") == {"C": "AP8="}
    found = outcome(folder, "appconfig:a/b/c?format=binary")
    assert isinstance(found, Document)
    assert found.body == b"\0\xff"


@pytest.mark.parametrize("text", ["AP8AAAAA", "AP8A\nAAAA\n", " AP8AAAAA "])
def test_a_binary_secret_is_base64_in_its_file(folder: Path, text: str) -> None:
    (folder / "secrets.json").write_text(json.dumps({"prod/keystore": text}))

    assert values(folder, "secretsmanager:prod/keystore?format=binary") == {"KEYSTORE": "AP8AAAAA"}
    found = outcome(folder, "secretsmanager:prod/keystore?format=binary")
    assert isinstance(found, Document)
    assert (found.body, found.secret) == (b"\0\xff\0\0\0\0", True)
    assert values(folder, "secretsmanager:prod/keystore") == {"KEYSTORE": text}


@pytest.mark.parametrize("text", [CANARY + "=", "AP8", "ä", {"a": CANARY}, "\ud800"])
def test_a_binary_secret_that_is_not_base64_is_named_but_not_shown(
    folder: Path, text: object
) -> None:
    (folder / "secrets.json").write_text(json.dumps({"prod/keystore": text}))

    error = reason(folder, "secretsmanager:prod/keystore?format=binary")

    assert error.endswith(
        "secrets.json: 'prod/keystore' is not base64, as format=binary expects; write its bytes as "
        "base64, or remove format="
    )
    assert CANARY not in error


def test_files_are_read_again_each_time(folder: Path) -> None:
    file = folder / "a:b:c.json"
    file.write_text('{"x": 1}')
    first = outcome(folder, "appconfig:a/b/c")
    file.write_text('{"x": 2}')
    second = outcome(folder, "appconfig:a/b/c")
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert first.version != second.version
    assert values(folder, "appconfig:a/b/c") == {"X": "2"}


def test_the_error_for_a_missing_file_names_the_files_looked_for(folder: Path) -> None:
    assert "a:b:c.json" in reason(folder, "appconfig:a/b/c")
    assert "ssm.json, ssm.env" in reason(folder, "ssm:/x")
    assert reason(folder, "secretsmanager:x").endswith(" (looked for secrets.json); create it")
    (folder / "ssm.json").write_text("{}")
    error = reason(folder, "ssm:/x/")
    assert "no parameters under this path (a parameter's name does not end in /) in " in error
    assert error.endswith("which has none; add it there, or correct the reference")
    assert "LOCAL_DIR: expected a folder" in reason(folder / "none", "ssm:/x")


def test_the_error_for_a_missing_profile_names_the_nearest_file(folder: Path) -> None:
    (folder / "shop:prod:app.json").write_text("{}")
    (folder / "other.txt").write_text("")

    error = reason(folder, "appconfig:shop/prod/ap")

    assert f"no such file in {folder} (nearest: shop:prod:app.json) (looked for shop:" in error
    assert error.endswith("; create one of them, or correct the reference")


def test_the_error_for_a_missing_parameter_names_the_nearest_ones(folder: Path) -> None:
    (folder / "ssm.env").write_text(f"/shop/a=x\n/shop/prod/HOST={CANARY}\n")

    for reference in ("ssm:/shop/prod/HSOT:3", "ssm:/shop/prd/"):
        error = reason(folder, reference)
        assert "ssm.env, which has '/shop/prod/HOST', '/shop/a'; add it there, or" in error
        assert CANARY not in error


def test_two_files_for_the_same_are_refused(folder: Path) -> None:
    for name in ("a:b:c.json", "a:b:c.env", "ssm.json", "ssm.env"):
        (folder / name).write_text("{}")
    assert "exist; remove all but one" in reason(folder, "appconfig:a/b/c")
    assert "exist; remove all but one" in reason(folder, "ssm:/x")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b'{"x": "c4n4ry', "invalid JSON"),
        (b"[1]", "JSON object"),
        (b"", "empty"),
        (b"\xff", "text in another encoding"),
        (b'{"a": "c4n4ry", "a": 1}', "duplicate key 'a'"),
    ],
)
def test_a_broken_file_is_named_but_not_shown(folder: Path, content: bytes, part: str) -> None:
    for name, reference in (("ssm.json", "ssm:/x"), ("secrets.json", "secretsmanager:x")):
        (folder / name).write_bytes(content)
        text = reason(folder, reference)
        assert part in text
        assert name in text
        assert CANARY not in text


def test_a_lone_surrogate_is_an_error_not_a_crash(folder: Path) -> None:
    (folder / "ssm.json").write_text('{"/x": "\\ud800"}')
    settings = from_environ({"X": "ssm:/x"})
    (error,) = load(settings, LocalBackend(str(folder)), 1.0, timeout=1.0).missing(settings)
    assert "expected UTF-8" in error.reason


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("app.env", "A='$1'", {"A": "$1"}),
        (".env", "A=1", {"A": "1"}),
        ("app.JSON", '{"a": 1}', {"A": "1"}),
        ("app.yml", "a: 1", {"A": "1"}),
        ("my-app.txt", "a: 1", {"MY_APP": "a: 1"}),
        ("noending", '{"a": 1}', {"A": "1"}),
        ("app.p12?format=binary", "ä", {"APP": "w6Q="}),
        ("app.json?format=binary", "{}", {"APP": "e30="}),
    ],
)
def test_a_files_ending_determines_its_format_unless_the_option_does(
    tmp_path: Path, name: str, content: str, expected: dict[str, str]
) -> None:
    (tmp_path / name.partition("?")[0]).write_text(content)
    settings = from_environ({"APPCONFIG_ENV_SOURCES": f"file:{tmp_path / name}"})

    def fetch(requests: list[Request], timeout: float) -> dict[str, Any]:
        del timeout
        return {request.resource.reference: read_file(request.resource) for request in requests}

    assert load(settings, fetch, 1.0, timeout=1.0).values(settings) == expected


def open_files(folder: Path) -> list[str]:
    """Return what this process has open in `folder`; other tests' threads may close their files."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return [path for path in found if path.startswith(str(folder))]


def test_only_regular_files_of_some_size_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", LARGEST_FILE_BYTES + 1)
    for name, kind, part in (
        ("none", "missing", "No such file"),
        ("pipe", "invalid", "not a regular file"),
        ("", "invalid", "not a regular file"),
        ("huge", "invalid", "is larger than"),
    ):
        found = read_file(parse(f"file:{tmp_path / name}").resource)
        assert isinstance(found, Failure)
        assert (found.kind, found.is_unavailable, bool(found.hint)) == (kind, False, True)
        assert part in str(found)
    assert open_files(tmp_path) == []
    with (tmp_path / "huge").open():
        assert open_files(tmp_path) == [str(tmp_path / "huge")]
