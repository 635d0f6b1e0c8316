"""Rendering data as variables."""

from __future__ import annotations

import base64
import json
import os
import sys
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appconfig_env._config.options import is_variable_name
from appconfig_env._config.references import parse
from appconfig_env._content.document import Document, DocumentError
from appconfig_env._content.protected import is_protected
from appconfig_env._content.variables import (
    LONGEST_VARIABLE_BYTES,
    KeyMissingError,
    Variables,
    data_of,
    exact_data_of,
    pick,
    render,
    render_default,
    text_value,
)

CANARY = "c4n4ry"


def rendered(reference: str, content: Any, variable: str = "", **about: Any) -> Variables:
    """Render `content`: bytes unchanged, everything else as JSON."""
    source = parse(reference, variable)
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    kind = "" if isinstance(content, bytes) else "application/json"
    document = Document(body, **{"content_type": kind, **about})
    return render(source, document, exact_data_of(document, source.resource))


def values(reference: str, content: Any, variable: str = "", **about: Any) -> dict[str, str]:
    return rendered(reference, content, variable, **about).values


def under_path(reference: str, parameters: dict[str, str], secret: str = "") -> Variables:
    source = parse(reference)
    document = Document(parameters=parameters, secret_parameters=frozenset(secret.split()))
    return render(source, document, exact_data_of(document, source.resource))


APP = "appconfig:shop/prod/app"


def test_objects_are_flattened_with_underscores() -> None:
    assert values(APP, {"db": {"host": "x", "read.only-port": 5432}, "a/b": "y"}) == {
        "DB_HOST": "x",
        "DB_READ_ONLY_PORT": "5432",
        "A_B": "y",
    }


def test_each_type_of_value_has_a_text_form() -> None:
    data = {
        "t": True, "f": False, "i": 10, "n": -1, "d": 1.5, "s": "plain text", "e": "",
        "list": [1, "ä", {"a": None}], "empty": {}, "none": None, "nested": {"none": None},
    }  # fmt: skip
    assert values(APP, data) == {
        "T": "true", "F": "false", "I": "10", "N": "-1", "D": "1.5", "S": "plain text", "E": "",
        "LIST": '[1,"ä",{"a":null}]', "EMPTY": "{}",
    }  # fmt: skip


def test_feature_flags_are_flattened_like_any_object() -> None:
    flags = {"checkout": {"enabled": True, "limit": 10}, "dark-mode": {"enabled": False}}
    assert values(APP, flags) == {
        "CHECKOUT_ENABLED": "true",
        "CHECKOUT_LIMIT": "10",
        "DARK_MODE_ENABLED": "false",
    }


def test_dotenv_pairs_become_variables() -> None:
    assert values("file:x.env?format=dotenv", b"A=1\nb_c='$x\ny'") == {"A": "1", "b_c": "$x\ny"}


@pytest.mark.parametrize(
    ("reference", "about", "names"),
    [
        ("file:x.env", {"content_type": "text/x-dotenv"}, {"a", "bC"}),
        ("ssm:/x?format=dotenv", {}, {"a", "bC"}),
        ("ssm:/x?format=dotenv&names=keep", {}, {"a", "bC"}),
        ("ssm:/x?format=dotenv&names=upper", {}, {"A", "BC"}),
        ("ssm:/x?format=dotenv&prefix=X_", {}, {"X_a", "X_bC"}),
    ],
)
def test_names_in_a_dotenv_document_stay_as_they_are_unless_the_reference_says_otherwise(
    reference: str, about: dict[str, str], names: set[str]
) -> None:
    assert values(reference, b"a=1\nbC=2\n", **about).keys() == names


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("database.host", "1"),
        ("database.port", "2"),
        ("a.b.c", "3"),
        ("a.b.d", "4"),
        ("a.x.y", "5"),
        ("a%2Eb.c", "3"),
    ],
)
def test_a_member_of_exactly_the_keys_name_comes_before_nested_ones(key: str, value: str) -> None:
    document = {
        "database.host": "1",
        "database": {"host": "other", "port": "2"},
        "a": {"b": {"c": "other", "d": "4"}, "x.y": "5", "x": {"y": "other"}},
        "a.b.c": "3",
    }
    (found,) = values(f"{APP}#{key}", document).values()
    assert found == value


def test_yaml_is_flattened_like_json() -> None:
    assert values(APP + "?format=yaml", b"a: {b: [1, x]}") == {"A_B": '[1,"x"]'}
    assert values(APP + "?format=yaml", b"- 1\n- x") == {"APP": '[1,"x"]'}


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("appconfig:shop/prod/my-app", "MY_APP"),
        ("appconfig:shop/prod/a%2Fb", "A_B"),
        ("ssm:/shop/prod/db-host", "DB_HOST"),
        ("ssm:db.host", "DB_HOST"),
        ("ssm:/shop/host:3", "HOST"),
        ("ssm:/shop/host:label", "HOST"),
        ("ssm:arn:aws:ssm:eu-west-1:1:parameter/shop/host", "HOST"),
        ("ssm:arn:aws:ssm:eu-west-1:1:parameter/host:3", "HOST"),
        ("secretsmanager:prod/api-key", "API_KEY"),
        ("secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:prod/key-AbCdEf", "KEY"),
        ("secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:prod/api_key", "API_KEY"),
        ("ssm:/shop/db#user.name", "NAME"),
    ],
)
def test_a_single_value_is_named_after_its_source(reference: str, name: str) -> None:
    content: Any = {"user": {"name": "x"}} if "#" in reference else b"x"
    assert values(reference, content) == {name: "x"}
    if "#" not in reference:
        assert render_default(parse(reference + "?default=y")).values == {name: "y"}


def test_a_secret_read_by_arn_is_named_after_the_secrets_name() -> None:
    arn = "secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:prod/key-AbCdEf"
    assert values(arn, b"x", name="prod/other-key") == {"OTHER_KEY": "x"}


def test_text_is_one_variable_with_the_same_text() -> None:
    text = 'a "quoted" $line=1\nand für\tmore '
    assert values("ssm:/a/text", text.encode()) == {"TEXT": text}
    assert values("ssm:/a/text", b"") == {"TEXT": ""}
    assert values(APP + "?format=text", b'{"a": 1}') == {"APP": '{"a": 1}'}


def test_json_other_than_an_object_is_one_variable() -> None:
    assert values(APP, b"[1, 2.50]", content_type="application/json") == {"APP": "[1, 2.50]"}
    assert values(APP, b"1.50", content_type="application/json") == {"APP": "1.50"}
    assert values(APP, "text") == {"APP": "text"}
    assert values(APP, None) == {}


NUMBERS = [
    "1.50", "1e2", "1E+2", "-0", "-0.0", "0.1", "1e-999", "12345678901234567890.5", "-7",
    "3.14159265358979323846", "1" * 40, "1." + "0" * 40, "123e-2", "9007199254740993",
]  # fmt: skip


@pytest.mark.parametrize("content_type", ["application/json", "application/yaml"])
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_keeps_its_text_wherever_it_is(number: str, content_type: str) -> None:
    text = f'{{"top": {number}, "in": {{"a": {number}}}, "list": [{number}, {{"b": {number}}}]}}'
    body = text.encode()
    found = values(APP, body, content_type=content_type)
    assert found == {
        "TOP": number, "IN_A": number, "LIST": f'[{number},{{"b":{number}}}]',
    }  # fmt: skip
    assert values(APP + "?as=X#in", body, content_type=content_type) == {"X": f'{{"a":{number}}}'}
    assert values(APP + "?as=X#in.a", body, content_type=content_type) == {"X": number}


@given(
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,2})?", fullmatch=True)
)
def test_any_json_number_keeps_its_text_and_is_the_same_number_for_code(number: str) -> None:
    for content_type in ("application/json", "application/yaml"):
        document = Document(f'{{"a": [{number}]}}'.encode(), content_type=content_type)
        source = parse(APP)
        exact = exact_data_of(document, source.resource)
        assert render(source, document, exact).values == {"A": f"[{number}]"}
        (plain,) = cast("dict[str, list[object]]", data_of(document, source.resource))["a"]
        expected = json.loads(number)
        assert (type(plain), plain) == (type(expected), expected)


@pytest.mark.parametrize(
    "text",
    [
        "012345670", "NO", "no", "yes", "on", "Off", "y", "22:22", "1:30:45", "0x1F", "0o17",
        "0b11", "1_000", "+1", "1.", ".5.5", "2026-01-31", "2026-01-31 10:00:00", ".inf", "-.INF",
        ".NaN", "1e", "00", "-01", "0.1.2", "=", "nul", "TRUe", "١٢٣",
    ],
)  # fmt: skip
def test_a_plain_scalar_of_yaml_that_is_not_a_decimal_number_is_its_text(text: str) -> None:
    found = values(APP, f"a: {text}\nb: [{text}]".encode(), content_type="application/yaml")
    assert found == {"A": text, "B": json.dumps([text], ensure_ascii=False)}


def test_parameters_under_a_path_are_named_by_their_relative_names() -> None:
    variables = under_path("ssm:/shop/", {"db/host": "x", "api-key": '{"a": 1}', "a.b": "y"})
    assert variables.values == {"DB_HOST": "x", "API_KEY": '{"a": 1}', "A_B": "y"}


def test_names_keep_leaves_names_unchanged() -> None:
    assert under_path("ssm:/shop/?names=keep", {"db/host": "x", "Port": "1"}).values == {
        "host": "x",
        "Port": "1",
    }
    assert values(APP + "?names=keep", {"db": {"hostName": "x"}}) == {"hostName": "x"}
    assert values("ssm:/shop/dbHost?names=keep", b"x") == {"dbHost": "x"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ("", {"USER_STORE_DB_HOST", "CONNECTIONSTRINGS_DEFAULT", "A_B"}),
        ("?join=_", {"USER_STORE_DB_HOST", "CONNECTIONSTRINGS_DEFAULT", "A_B"}),
        ("?join=__", {"USER_STORE__DB_HOST", "CONNECTIONSTRINGS__DEFAULT", "A_B"}),
        ("?join=__&prefix=X_", {"X_USER_STORE__DB_HOST", "X_CONNECTIONSTRINGS__DEFAULT", "X_A_B"}),
        ("?join=_at_", {"USER_STORE_at_DB_HOST", "CONNECTIONSTRINGS_at_DEFAULT", "A_B"}),
        ("?names=keep", {"dbHost", "Default", "A_B"}),
        ("?names=keep&join=__", {"user_store__dbHost", "ConnectionStrings__Default", "A_B"}),
        ("?names=keep&join=_", {"user_store_dbHost", "ConnectionStrings_Default", "A_B"}),
        ("?names=keep&join=__&only=A_B,ConnectionStrings__Default",
         {"ConnectionStrings__Default", "A_B"}),
    ],
)  # fmt: skip
def test_nested_levels_are_joined_in_documents_and_under_paths(
    options: str, names: set[str]
) -> None:
    host = "dbHost" if "keep" in options else "db-host"
    data = {"user_store": {host: "h"}, "ConnectionStrings": {"Default": "Server=db"}, "A_B": "x"}
    parameters = {f"user_store/{host}": "h", "ConnectionStrings/Default": "s", "A_B": "x"}

    assert values(APP + options, data).keys() == names
    assert (
        values(APP + options, json.dumps(data).encode(), content_type="application/yaml").keys()
        == names
    )
    assert values(f"{APP}{options}#a", {"a": data}).keys() == names
    assert under_path(f"ssm:/shop/{options}", parameters).values.keys() == names


def test_names_that_join_keeps_apart_do_not_clash_and_others_do() -> None:
    data = {"a_b": {"c": "1"}, "a": {"b_c": "2"}}

    with pytest.raises(DocumentError, match=r"'a_b\.c' and 'a\.b_c' both become variable 'A_B_C'"):
        values(APP, data)
    assert values(APP + "?join=__", data) == {"A_B__C": "1", "A__B_C": "2"}
    with pytest.raises(DocumentError, match=r"'a/b' and 'a__b' both become variable 'A__B'"):
        under_path("ssm:/shop/?join=__", {"a/b": "1", "a__b": "2"})


def test_a_name_that_join_makes_valid_is_set_and_one_it_leaves_invalid_is_left_out() -> None:
    made = under_path("ssm:/shop/?join=__&names=keep", {"a/1": "x", "1/a": "y", "a/b-c": "z"})

    assert made.values == {"a__1": "x"}
    assert [text.partition(" ")[0] for text in made.left_out] == ["'1/a'", "'a/b-c'"]


def test_a_prefix_comes_before_each_name() -> None:
    assert values(APP + "?prefix=DB_", {"host": "x"}) == {"DB_HOST": "x"}
    assert values("ssm:/a/host?prefix=x_&names=keep", b"y") == {"x_host": "y"}


def test_only_the_allowed_final_names_are_set() -> None:
    data = {"host": "x", "port": 1, "bad name": "y"}
    assert values(APP + "?prefix=DB_&only=DB_HOST", data) == {"DB_HOST": "x"}
    assert values(APP + "?prefix=DB_&only=DB_HOST,DB_PORT", data) == {
        "DB_HOST": "x",
        "DB_PORT": "1",
    }


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (
            "only=GREETNG",
            "only=: no GREETNG among 'GREETING', 'LIMIT'; correct only=",
        ),
        ("prefix=X_&only=LIMIT", "only=: no LIMIT among 'X_LIMIT', 'X_GREETING'"),
        ("only=LIMIT,GREETNG,OTHER", "only=: no GREETNG, OTHER among 'GREETING', 'LIMIT'; "),
    ],
)
def test_a_name_of_only_that_is_missing_is_an_error_or_a_warning_that_lists_what_is_there(
    options: str, error: str
) -> None:
    data = {"greeting": CANARY, "limit": 1}
    with pytest.raises(DocumentError) as caught:
        values(f"{APP}?{options}", data)
    assert str(caught.value).startswith(error)
    assert CANARY not in str(caught.value)
    found = rendered(f"{APP}?{options}&optional", data)
    assert found.left_out == (str(caught.value),)
    assert found.values in ({}, {"LIMIT": "1"})


def test_a_path_lists_what_it_has_for_a_name_of_only_that_is_missing() -> None:
    with pytest.raises(DocumentError, match="only=: no HOSTS among 'HOST'; correct only="):
        under_path("ssm:/shop/?only=HOSTS", {"host": "1"})


def test_all_problems_of_a_document_are_reported() -> None:
    data = {"a": "\0", "b": "x" * 131_072, "c-d": 1, "c.d": 2}
    with pytest.raises(DocumentError) as caught:
        values(APP + "?only=A,B,C_D,E", data)
    parts = str(caught.value).split("; ")
    for start in ("the value of 'A'", "'B' needs", "'c-d' and 'c.d'", "only=: no E among "):
        assert any(part.startswith(start) for part in parts)


def test_as_puts_the_whole_document_into_one_variable() -> None:
    assert values(APP + "?as=WHOLE", b'{"a":  1}') == {"WHOLE": '{"a":  1}'}
    assert under_path("ssm:/shop/?as=WHOLE", {"a/b": "1"}).values == {"WHOLE": '{"a/b":"1"}'}
    assert values(APP + "?as=PART#db", {"db": {"host": "x"}}) == {"PART": '{"host":"x"}'}


def test_a_key_picks_one_value() -> None:
    data = {"db": {"host": "x", "a.b": [1], "none": None, "on": True}}
    assert values(APP + "#db.host", data, "HOST") == {"HOST": "x"}
    assert values(APP + "#db.a%2Eb", data, "LIST") == {"LIST": "[1]"}
    assert values(APP + "#db.on", data, "ON") == {"ON": "true"}
    assert values(APP + "#db", {"db": {"host": "x", "port": 1}}) == {"HOST": "x", "PORT": "1"}


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("x", "has no key 'x'"),
        ("db.x", "'db' has no key 'x'; it has 'host', 'none'; correct #KEY"),
        ("db.host.x", "'db.host' is not a JSON object, so it has no key 'x'"),
        ("db.none", "'db.none' is null"),
    ],
)
def test_a_missing_key_is_an_error_that_names_it(key: str, part: str) -> None:
    data = {"db": {"host": CANARY, "none": None}}
    for variable in ("", "NAME"):
        with pytest.raises(KeyMissingError) as caught:
            values(f"{APP}#{key}", data, variable)
        assert part in str(caught.value)
        assert CANARY not in str(caught.value)


def test_a_key_of_a_document_that_is_not_an_object_is_an_error() -> None:
    with pytest.raises(KeyMissingError, match="the document is not a JSON object"):
        values("secretsmanager:x#password", b'{"password": "broken', "NAME")
    with pytest.raises(KeyMissingError):
        pick([1], ("0",))


@pytest.mark.parametrize(
    ("data", "first", "second", "name"),
    [
        ({"a-b": 1, "a.b": 2}, "a-b", "a.b", "A_B"),
        ({"a": {"b": 1}, "a_b": 2}, "a.b", "a_b", "A_B"),
        ({"Key": 1, "KEY": 2}, "Key", "KEY", "KEY"),
    ],
)
def test_two_keys_that_become_one_variable_are_an_error_that_names_both(
    data: object, first: str, second: str, name: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        values(APP, data)
    assert f"'{first}' and '{second}' both become variable '{name}'" in str(caught.value)


def test_a_proxy_variable_is_set_only_if_the_function_chose_its_name() -> None:
    data = {"https_proxy": "http://a"}
    assert values(APP, data) == {}
    assert values(APP + "?only=HTTPS_PROXY", data) == {"HTTPS_PROXY": "http://a"}
    assert values("ssm:x", b"http://a", "HTTPS_PROXY") == {"HTTPS_PROXY": "http://a"}


def test_a_protected_name_of_only_is_left_out_and_not_missing() -> None:
    assert values(APP + "?only=A,PATH", {"a": 1, "path": "/evil"}) == {"A": "1"}


def test_keys_that_set_no_variable_do_not_clash() -> None:
    assert values(APP + "?only=B", {"a-b": 1, "a.b": 2, "b": 3}) == {"B": "3"}
    assert values(APP, {"a-b": None, "a.b": 2}) == {"A_B": "2"}


@pytest.mark.parametrize("key", ["1st", "a b", "ä", "", "a=b", "a\0b", "a\n", "$x", "\ud800"])
def test_a_key_that_is_not_a_variable_name_is_left_out_with_a_warning_that_names_it(
    key: str,
) -> None:
    data = {key: CANARY, "host": "x"}
    found = rendered(APP, data)
    assert found.values == {"HOST": "x"}
    (warning,) = found.left_out
    warning.encode()
    assert "is not a variable name ([A-Za-z_][A-Za-z0-9_]*) and was left out; rename it" in warning
    assert CANARY not in warning
    assert "env=no" in warning
    assert values(APP + "?env=no&names=keep", {key: "x"}) == {key: "x"}


@pytest.mark.parametrize(
    "content",
    [
        {"version": "1", "flags": {"a": {}}, "values": {"a": {"enabled": True}}},
        {"a": {"_variants": []}},
        b"""'a'::'''{"enabled": true}'''""",
        b"$ion_1_0 {a:{enabled:true}}",
    ],
)
@pytest.mark.parametrize("reference", [APP, "file:/shop/flags"])
def test_a_document_of_flags_that_were_not_evaluated_is_warned_of(
    reference: str, content: object
) -> None:
    (warning,) = rendered(reference, content).left_out
    assert warning.startswith("it has feature flags ")
    assert "; pass context= to flag(), deploy flags without variants, or store what" in warning


@pytest.mark.parametrize("reference", [f"{APP}#a", "secretsmanager:x", "ssm:/x"])
def test_only_a_whole_profile_or_file_is_warned_of(reference: str) -> None:
    assert not rendered(reference, {"a": {"_variants": []}}).left_out


def test_a_profile_that_only_has_such_words_is_not_warned_of() -> None:
    assert not rendered(APP, {"flags": "values", "_variants": "::"}).left_out


def test_a_parameter_that_is_not_a_variable_name_is_left_out_of_a_path() -> None:
    found = under_path("ssm:/shop/", {"1PASSWORD_KEY": CANARY, "A IS B": CANARY, "a": "1"})
    assert found.values == {"A": "1"}
    assert found.left_out[0].startswith("'1PASSWORD_KEY' is not a variable name (")
    assert found.left_out[1].startswith("'A IS B' is not a variable name (")


def test_a_single_value_whose_name_no_variable_can_have_is_an_error() -> None:
    with pytest.raises(
        DocumentError, match=r"'1st' becomes '1ST', which is not a variable name .*\); rename"
    ):
        values("ssm:/shop/1st", b"x")


def test_a_missing_key_lists_those_that_are_there_the_nearest_first() -> None:
    data = {"db": {"user": CANARY, "password": CANARY}}
    with pytest.raises(KeyMissingError) as caught:
        values(APP + "#db.pasword", data)
    expected = "'db' has no key 'pasword'; it has 'password', 'user'; correct #KEY"
    assert str(caught.value).startswith(expected)
    assert CANARY not in str(caught.value)
    with pytest.raises(KeyMissingError, match=r"'k0', 'k1', .* and 20 more; correct #KEY"):
        values(APP + "#x", {f"k{number}": 1 for number in range(30)})


@pytest.mark.parametrize(
    ("value", "part"),
    [(CANARY + "\0", "NUL"), (CANARY + "\ud800", "surrogate"), (CANARY * 30_000, "bytes")],
)
def test_a_value_that_no_variable_can_hold_is_an_error_that_names_it(value: str, part: str) -> None:
    with pytest.raises(DocumentError, match=part) as caught:
        values(APP, {"key": value})
    assert "'KEY'" in str(caught.value)
    assert CANARY not in str(caught.value)
    assert values(APP + "?env=no", {"key": value}) == {"KEY": value}


def test_the_longest_variable_is_the_longest_that_linux_accepts() -> None:
    room = LONGEST_VARIABLE_BYTES - len("KEY=")
    fits = "ä" * (room // 2) + "x" * (room % 2)
    assert len(f"KEY={fits}".encode()) == LONGEST_VARIABLE_BYTES == 131_071
    assert values(APP, {"key": fits}) == {"KEY": fits}
    assert survives_exec({"KEY": fits})
    with pytest.raises(DocumentError, match="131072 bytes"):
        values(APP, {"key": fits + "x"})


def test_protected_names_are_left_out_and_listed() -> None:
    variables = rendered(APP, {"path": CANARY, "ld": {"preload": CANARY}, "host": "x"})
    assert (variables.values, variables.protected) == ({"HOST": "x"}, ("PATH", "LD_PRELOAD"))


def test_protected_names_do_not_clash() -> None:
    assert rendered(APP, {"path": 1, "Path": 2}).protected == ("PATH",)


def test_protected_names_are_available_to_get() -> None:
    assert values(APP + "?env=no", {"path": "x"}) == {"PATH": "x"}


@pytest.mark.parametrize(
    ("reference", "variable", "name"),
    [
        ("ssm:/x", "PYTHONPATH", "PYTHONPATH"),
        ("ssm:/x?as=PATH", "", "PATH"),
        ("ssm:/x?default=y", "PATH", "PATH"),
        ("ssm:/x?as=LD_PRELOAD&default=y", "", "LD_PRELOAD"),
        ("ssm:/x?optional", "_HANDLER", "_HANDLER"),
    ],
)
def test_a_protected_name_in_place_or_by_as_is_an_error(
    reference: str, variable: str, name: str
) -> None:
    error = f"^{name} is a protected name; choose another name, or configure its value on the func"
    with pytest.raises(DocumentError, match=error):
        rendered(reference, CANARY.encode(), variable)
    if "default" in reference:
        with pytest.raises(DocumentError, match=error):
            render_default(parse(reference, variable))


def test_names_of_secret_values_are_marked_secret() -> None:
    assert rendered("secretsmanager:x", {"a": 1, "b": 2}, secret=True).secret == {"A", "B"}
    assert under_path("ssm:/s/", {"a/b": "1", "c": "2"}, secret="a/b").secret == {"A_B"}
    assert under_path("ssm:/s/?as=ALL", {"a": "1", "c": "2"}, secret="a").secret == {"ALL"}
    assert under_path("ssm:/s/?as=ALL", {"a": "1"}).secret == frozenset()
    assert render_default(parse("secretsmanager:x?default=y")).secret == {"X"}


def test_a_default_is_rendered_like_a_single_value() -> None:
    assert render_default(parse("ssm:/a/host?default=x")).values == {"HOST": "x"}
    assert render_default(parse("ssm:/a/host?default=x&as=B")).values == {"B": "x"}
    assert render_default(parse("ssm:/a/host?default=x", "C")).values == {"C": "x"}
    assert render_default(parse("ssm:/a/host?default=x&prefix=P_")).values == {"P_HOST": "x"}
    assert render_default(parse("ssm:/a/host?default=x&only=B")).values == {}
    assert render_default(parse(APP + "#a.b?default=x")).values == {"B": "x"}
    assert render_default(parse("file:/x/app.txt?default=x")).values == {"APP": "x"}
    assert render_default(parse("ssm:/a/host?optional")).values == {}


def test_a_default_needs_a_valid_variable_name() -> None:
    with pytest.raises(DocumentError, match="not a variable name"):
        render_default(parse("ssm:/a/1st?default=x"))
    assert render_default(parse("ssm:/a/1st?default=x&env=no")).values == {"1ST": "x"}


def test_an_empty_profile_is_an_error_unless_it_is_text() -> None:
    for body in (b"", b" \n"):
        with pytest.raises(DocumentError, match="empty"):
            values(APP, body)
    assert values(APP + "?format=text", b"") == {"APP": ""}


KEYSTORE = b"\xfe\xed\xfe\xed\x00\x00\x00\x02"
SECRET = "secretsmanager:prod/key-store"


@pytest.mark.parametrize(
    "body", [KEYSTORE, b"", b"\0", b"text\n", b'\xef\xbb\xbf{"a": 1}', b"\xff" * 90]
)
@pytest.mark.parametrize(
    ("reference", "variable", "name"),
    [
        (f"{SECRET}?format=binary", "STORE", "STORE"),
        (f"{SECRET}?format=binary&as=STORE", "", "STORE"),
        (f"{SECRET}?format=binary", "", "KEY_STORE"),
        (f"{SECRET}?format=binary&prefix=X_&names=keep&env=no", "", "X_key-store"),
        (f"{APP}?format=binary", "", "APP"),
        ("file:/etc/app.p12?format=binary", "", "APP"),
    ],
)
def test_a_binary_document_is_bytes_and_as_a_variable_base64(
    reference: str, variable: str, name: str, body: bytes
) -> None:
    source = parse(reference, variable)
    document = Document(body, content_type="application/json", secret=SECRET in reference)

    data = data_of(document, source.resource)
    made = render(source, document, exact_data_of(document, source.resource))

    assert data == body
    assert made.values == {name: base64.b64encode(body).decode()}
    assert made.secret == ({name} if SECRET in reference else set())


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        (KEYSTORE, "store it as text, such as base64, or set format=binary to read its bytes"),
        (b"\x80\x00", "store it as text, such as base64, or set format=binary to read its bytes"),
        (b"\x1f\x8b\x08", "store it uncompressed, or set format=binary to read its bytes"),
        ("ä".encode("latin-1"), "save it as UTF-8, or set format=binary to read its bytes"),
    ],
)
@pytest.mark.parametrize(
    "reference", [SECRET, APP, "file:/x", f"{SECRET}#key", f"{APP}?format=json"]
)
def test_the_error_for_a_binary_document_says_how_to_read_it(
    reference: str, body: bytes, remedy: str
) -> None:
    for content_type in ("", "application/octet-stream", "application/json"):
        document = Document(body, content_type=content_type)
        with pytest.raises(DocumentError) as caught:
            exact_data_of(document, parse(reference).resource)
        assert caught.value.hint == remedy


def test_the_error_for_text_with_a_nul_byte_says_how_to_read_it_as_bytes() -> None:
    with pytest.raises(DocumentError, match=r"NUL .*; set format=binary to read its bytes, or set"):
        rendered(f"{SECRET}?as=A", b"\x00\x01")
    with pytest.raises(DocumentError, match=r"NUL .*; remove it, or set env=no"):
        rendered(f"{SECRET}?prefix=A_", {"a": "\0"})


def test_a_large_binary_document_is_too_long_for_a_variable_but_not_for_get() -> None:
    large = bytes(98_304)  # 131,072 characters of base64
    with pytest.raises(DocumentError, match="'KEY_STORE' needs 131082 bytes"):
        values(f"{SECRET}?format=binary", large)
    assert len(values(f"{SECRET}?format=binary&env=no", large)["KEY_STORE"]) == 131_072


def test_a_repr_contains_names_only() -> None:
    assert repr(Variables({"A": CANARY, "B": CANARY})) == "<Variables A, B>"


def survives_exec(environ: dict[str, str]) -> bool:
    """Whether a program that is executed with `environ` has exactly these variables."""
    reading, writing = os.pipe()
    # By its own path: from that, not from PATH, an interpreter that was moved finds its library.
    command = [sys.executable, "-I", "-S", "-c", PRINT_ENVIRON]
    to_pipe = [(os.POSIX_SPAWN_DUP2, writing, 1)]
    child = os.posix_spawn(sys.executable, command, environ, file_actions=to_pipe)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        printed = file.read()
    os.waitpid(child, 0)
    expected = {f"{name}={value}".encode() for name, value in environ.items()}
    return set(filter(None, printed.split(b"\0"))) == expected


PRINT_ENVIRON = "import sys; sys.stdout.buffer.write(open('/proc/self/environ', 'rb').read())"

keys = st.text(st.sampled_from("abAB1_-./ é"), min_size=1, max_size=4)
leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just([1, "x"])
objects = st.dictionaries(
    keys,
    st.recursive(leaf, lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=6),
    max_size=4,
)
good_keys = st.from_regex("[a-z][a-z0-9]{0,5}", fullmatch=True)
good_objects = st.dictionaries(
    good_keys,
    st.recursive(
        leaf.filter(lambda value: not (isinstance(value, str) and "\0" in value)),
        lambda inner: st.dictionaries(good_keys, inner, max_size=3),
        max_leaves=6,
    ),
)
styles = st.sampled_from(
    ["", "?names=keep", "?prefix=X_", "?only=A,B,A_B", "?join=__", "?join=_0&names=keep"]
)


@given(objects, styles)
def test_every_rendered_name_and_value_fits_an_environment(
    data: dict[str, Any], style: str
) -> None:
    try:
        variables = rendered(APP + style, data)
    except DocumentError:
        return  # an error that names the keys; which one wins is never left to chance
    for name, value in variables.values.items():
        assert is_variable_name(name)
        assert not is_protected(name)
        assert "\0" not in value


@settings(max_examples=settings().max_examples // 5)
@given(good_objects)
def test_every_rendered_environment_survives_a_real_exec(data: dict[str, Any]) -> None:
    try:
        environ = values(APP, data)
    except DocumentError:
        return
    assert survives_exec(environ)


def reordered(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: reordered(value) for key, value in reversed(data.items())}
    return data


@given(objects, styles)
def test_the_order_of_keys_makes_no_difference(data: dict[str, Any], style: str) -> None:
    def outcome(content: Any) -> dict[str, str] | str:
        try:
            return values(APP + style, content)
        except DocumentError:
            return "error"

    assert outcome(data) == outcome(reordered(data))


@given(objects, styles)
def test_no_value_is_in_an_error(data: dict[str, Any], style: str) -> None:
    def planted(content: Any) -> Any:
        if isinstance(content, dict):
            return {key: planted(value) for key, value in content.items()}
        return CANARY + "\0"

    try:
        shown = repr(rendered(APP + style, planted(data)))
    except DocumentError as error:
        shown = str(error)
    assert CANARY not in shown


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.lists(leaf))
def test_the_text_of_a_value_is_its_json(value: object) -> None:
    assert json.loads(text_value(value)) == value
