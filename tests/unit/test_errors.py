"""The exceptions that users can catch, and failures."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env import errors

FAILURE = errors.Failure("unavailable", "no response", "check the route", operation="GetParameters")
SOURCE = errors.SourceError("ssm:/a", FAILURE)


EXCEPTIONS = {
    one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)
}  # fmt: skip


def test_all_errors_have_one_base_class() -> None:
    assert all(issubclass(kind, errors.AppConfigEnvError) for kind in EXCEPTIONS)
    assert issubclass(errors.MissingKeyError, KeyError)
    assert issubclass(errors.ConversionError, ValueError)


def drawn(kind: type, depth: int = 1) -> list[str]:
    """Draw a class and its subclasses in this module, as the module's docstring does."""
    others = [base.__name__ for base in kind.__bases__ if base.__module__ == "builtins"]
    also = f" ({', '.join(others)})" if others != ["Exception"] and others else ""
    below = [
        one for one in vars(errors).values() if isinstance(one, type) and kind in one.__bases__
    ]
    lines = [line for one in below for line in drawn(one, depth + 1)]
    return ["    " + "  " * (depth - 1) + kind.__name__ + also, *lines]


def test_the_docstring_draws_the_classes_that_users_can_catch() -> None:
    text = errors.__doc__ or ""
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    assert lines == drawn(errors.AppConfigEnvError)
    assert len(lines) == len(EXCEPTIONS), "each is in the tree"


def test_each_of_several_problems_has_its_own_line() -> None:
    settings = errors.SettingsError(iter(["A: expected b", "C: expected d"]))
    assert (str(settings), settings.problems) == (
        "A: expected b\nC: expected d",
        ("A: expected b", "C: expected d"),
    )
    denied = errors.SourceError("ssm:/b", errors.Failure("denied", "denied"))
    load = errors.LoadError([SOURCE, denied])
    assert str(load) == (
        "ssm:/a: GetParameters failed: no response; check the route\nssm:/b: denied"
    )
    assert load.errors[0] is SOURCE


def test_a_problem_is_one_line_whatever_a_name_in_it_contains() -> None:
    problems = ["A\n\x1b[31m: expected b", "\u202eB\u2028: expected ü"]
    settings = errors.SettingsError(problems)
    assert settings.problems == ("A??[31m: expected b", "?B?: expected ü")
    assert str(settings).split("\n") == list(settings.problems)


def test_a_source_error_has_the_reason_of_its_failure() -> None:
    assert SOURCE.failure is FAILURE
    assert (SOURCE.source, SOURCE.reason) == (
        "ssm:/a",
        "GetParameters failed: no response; check the route",
    )
    assert str(errors.Failure("denied", "no hint")) == "no hint"
    assert FAILURE.problem == "GetParameters failed: no response"


def throttled(operation: str, request: str) -> errors.Failure:
    return errors.Failure(
        "throttled",
        f"ThrottlingException: Rate exceeded for {operation}",
        "raise the quota",
        operation=operation,
        code="ThrottlingException",
        request_id=request,
    )


def test_sources_that_fail_for_one_cause_are_one_line_that_names_them_all() -> None:
    denied = errors.Failure("denied", "denied", "grant it", code="AccessDenied", action="a:b")
    load = errors.LoadError(
        [
            errors.SourceError("ssm:/a", throttled("GetParameters", "r-1")),
            errors.SourceError("ssm:/b", denied),
            errors.SourceError("DB=ssm:/c", throttled("GetParameters", "r-1")),
            errors.SourceError("secretsmanager:d", throttled("GetSecretValue", "r-2")),
            errors.SourceError("ssm:/b", denied),
        ]
    )
    assert str(load) == (
        "ssm:/a, DB=ssm:/c, secretsmanager:d: GetParameters, GetSecretValue failed: "
        "ThrottlingException: Rate exceeded for GetParameters; "
        "ThrottlingException: Rate exceeded for GetSecretValue (requests r-1, r-2); "
        "raise the quota\n"
        "ssm:/b: denied; grant it"
    )
    assert [error.source for error in load.errors] == [
        "ssm:/a", "ssm:/b", "DB=ssm:/c", "secretsmanager:d", "ssm:/b",
    ]  # fmt: skip


def test_a_cause_is_the_same_for_all_operations_requests_and_hosts() -> None:
    one, other = throttled("GetParameters", "r-1"), throttled("GetSecretValue", "r-2")
    assert one.cause() == other.cause()
    for kind in ("throttled", "unavailable", "misconfigured"):
        causes = {errors.Failure(kind, text, "do it", code="C").cause() for text in "ab"}
        assert len(causes) == 1


@pytest.mark.parametrize("kind", errors.KINDS)
def test_without_a_code_only_the_summary_says_what_went_wrong(kind: str) -> None:
    causes = {errors.Failure(kind, text, "do it").cause() for text in "ab"}
    assert len(causes) == 2


def denied(
    resource: str, named: str = "", *, why: str = "because no policy allows it"
) -> errors.Failure:
    arn = f"arn:aws:ssm:eu-west-1:1:parameter/{resource}"
    return errors.Failure(
        "denied",
        f"AccessDenied: not authorized to perform: a:b on resource: {named or arn} {why}",
        f"grant a:b on {arn} to the function's role",
        operation="GetParameters",
        code="AccessDenied",
        request_id=f"r-{resource}",
        action="a:b",
        resource_arn=arn,
    )


def test_an_action_that_is_denied_on_several_resources_is_one_cause() -> None:
    failed = [("ssm:x", denied("x"), ""), ("ssm:y", denied("y", named="y"), "")]
    line = (
        "ssm:x, ssm:y: GetParameters failed: AccessDenied: not authorized to perform: a:b "
        "because no policy allows it (requests r-x, r-y); grant a:b on "
        "arn:aws:ssm:eu-west-1:1:parameter/x, arn:aws:ssm:eu-west-1:1:parameter/y "
        "to the function's role"
    )
    expected = (line, ["ssm:x", "ssm:y"], [failure for _, failure, _ in failed], "")
    assert errors.by_cause(failed) == [expected]


def test_a_denial_of_one_resource_is_reported_as_aws_words_it() -> None:
    failed = [("A=ssm:x", denied("x"), ""), ("B=ssm:x", denied("x"), "")]
    ((line, names, _, _),) = errors.by_cause(failed)
    assert (line, names) == (f"A=ssm:x, B=ssm:x: {denied('x')}", ["A=ssm:x", "B=ssm:x"])


def test_denials_for_different_reasons_are_different_causes() -> None:
    failed = [("ssm:x", denied("x"), ""), ("ssm:y", denied("y", why="with an explicit deny"), "")]
    assert [names for _, names, _, _ in errors.by_cause(failed)] == [["ssm:x"], ["ssm:y"]]


def test_sources_with_one_cause_are_in_one_line_only_if_they_share_the_rest() -> None:
    failed = [("ssm:a", FAILURE, "x"), ("ssm:b", FAILURE, "y"), ("ssm:c", FAILURE, "x")]
    assert errors.by_cause(failed) == [
        (f"ssm:a, ssm:c: {FAILURE}", ["ssm:a", "ssm:c"], [FAILURE, FAILURE], "x"),
        (f"ssm:b: {FAILURE}", ["ssm:b"], [FAILURE], "y"),
    ]
    assert errors.by_cause([]) == []


few = st.sampled_from(["", "a", "b"])
failures = st.builds(
    errors.Failure,
    st.sampled_from(errors.KINDS),
    st.sampled_from(["s", "t", "s on resource: r t", "s on resource: q t"]),
    st.sampled_from(["do it", "grant it on a", "grant it on b"]),
    operation=few, code=few, request_id=few, action=few, resource_arn=few,
)  # fmt: skip


@given(st.lists(st.tuples(st.from_regex("ssm:[a-z]", fullmatch=True), failures, st.booleans())))
def test_every_source_is_in_the_one_line_of_its_cause(
    failed: list[tuple[str, errors.Failure, bool]],
) -> None:
    expected: dict[tuple[object, ...], list[tuple[str, errors.Failure]]] = {}
    for name, failure, shared in failed:
        expected.setdefault((shared, *failure.cause()), []).append((name, failure))
    found = errors.by_cause(failed)
    for (line, names, failures, shared), (key, group) in zip(found, expected.items(), strict=True):
        assert names == list(dict.fromkeys(name for name, _ in group))
        assert line.startswith(", ".join(names) + ": ")
        assert (failures, shared) == ([failure for _, failure in group], key[0])
    for name, failure, shared in failed:
        alone = (f"{name}: {failure}", [name], [failure], shared)
        assert errors.by_cause([(name, failure, shared)]) == [alone]


@pytest.mark.parametrize("kind", errors.KINDS)
@pytest.mark.parametrize("field", ["kind", "summary", "hint", "code"])
def test_failures_that_need_different_remedies_have_different_causes(kind: str, field: str) -> None:
    fields = {"kind": kind, "summary": "s", "hint": "", "code": "C"}
    one = errors.Failure(**fields).cause()
    assert errors.Failure(**fields | {field: "other"}).cause() != one
    if kind in {"denied", "missing", "invalid"}:
        fields["hint"] = "do it"
        one = errors.Failure(**fields).cause()
        assert errors.Failure(**fields | {field: "other"}).cause() != one


@pytest.mark.parametrize("kind", errors.KINDS)
def test_another_attempt_may_help_only_where_aws_did_not_decide(kind: str) -> None:
    failure = errors.Failure(kind, "failed")
    assert failure.is_unavailable == (kind in {"throttled", "unavailable"})
    assert errors.SourceError("ssm:/a", failure).unreachable == failure.is_unavailable


def test_failures_are_equal_if_all_their_fields_are() -> None:
    fields = FAILURE.fields()
    assert errors.Failure(**fields) == FAILURE
    assert hash(errors.Failure(**fields)) == hash(FAILURE)
    for name in fields:
        assert errors.Failure(**(fields | {name: "other"})) != FAILURE


def test_the_message_of_a_missing_key_is_not_a_repr() -> None:
    assert str(errors.MissingKeyError("no 'x'")) == "no 'x'"


PICKLED = [
    SOURCE,
    errors.AmbiguousFlagError("x"),
    errors.AppConfigEnvError("x"),
    errors.BindError([errors.FieldProblem("S.limit", "LIMIT", "ssm:/shop/", "wrong; correct it")]),
    errors.ConversionError("x"),
    errors.LoadError([SOURCE]),
    errors.MissingKeyError("x"),
    errors.SettingsError(["A: expected b", "C: expected d"]),
    errors.UnevaluatedFlagError("x"),
]


def test_an_error_of_each_class_is_pickled_below() -> None:
    assert {type(error) for error in PICKLED} == EXCEPTIONS


@pytest.mark.parametrize("error", PICKLED)
def test_errors_can_be_pickled(error: errors.AppConfigEnvError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    for name in ("source", "failure", "reason", "unreachable", "problems"):
        assert getattr(copy, name, None) == getattr(error, name, None)


def test_a_sentence_names_each_region_role_and_request_once() -> None:
    role = "arn:aws:iam::1:role/reader"
    failures = [
        errors.Failure("missing", "none", "check it", region=region, role_arn=role, request_id=one)
        for region, one in (("eu-west-1", "r-1"), ("eu-west-1", "r-2"), ("us-east-1", "r-2"))
    ]
    assert str(failures[0]) == f"none (Region eu-west-1; role {role}; request r-1); check it"
    ((line, *_),) = errors.by_cause((f"ssm:{one.region}", one, "") for one in failures)
    assert line == (
        "ssm:eu-west-1, ssm:us-east-1: none "
        f"(Regions eu-west-1, us-east-1; role {role}; requests r-1, r-2); check it"
    )


def test_a_problem_of_a_field_is_a_value() -> None:
    one = errors.FieldProblem("S.limit", "LIMIT", "ssm:/shop/", "wrong; correct it")
    same = errors.FieldProblem("S.limit", "LIMIT", "ssm:/shop/", "wrong; correct it")
    whole = errors.FieldProblem("S", "", "", "wrong; correct it")

    assert {one, same, whole} == {one, whole}
    assert repr(one) == "<FieldProblem S.limit: LIMIT (ssm:/shop/): wrong; correct it>"
    assert str(whole) == "S: wrong; correct it"
