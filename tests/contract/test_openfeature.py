"""OpenFeature's scenarios for providers, as far as AppConfig's flags can express them.

Source: https://github.com/open-feature/spec at 6fd4d54a, specification/assets/gherkin; the facts
are from there, the flags and the tests are ours. A value is an attribute, because a flag itself is
only on or off, or an object with all of its attributes.

Variants, rules and metadata need flags in AppConfig's authoring form: a variant's value is an
attribute, and a flag's metadata are its attributes when the flag itself is evaluated.

Left out is the reason CACHED, which the provider never gives, and the merging of contexts, in which
a provider takes no part.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import OpenFeatureError
from openfeature.flag_evaluation import FlagEvaluationOptions
from openfeature.hook import Hook

from appconfig_env._backends.fake import FakeBackend
from appconfig_env._helper.helper import Helper
from appconfig_env.openfeature import AppConfigProvider

from ..support.fakes import Clock, steadily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from openfeature.flag_evaluation import FlagEvaluationDetails

    from appconfig_env._backends.base import Outcome, Request

PROFILE = "appconfig:shop/prod/flags"
PICTURES = {"showImages": True, "title": "Check out these pics!", "imagesPerPage": 100}
ON: dict[str, Any] = {"enabled": True}
OFF: dict[str, Any] = {"enabled": False}
FLAGS: dict[str, dict[str, Any]] = {
    "boolean-flag": {**ON, "value": True},
    "string-flag": {**ON, "value": "hi"},
    "integer-flag": {**ON, "value": 10},
    "float-flag": {**ON, "value": 0.5},
    "object-flag": {**ON, **PICTURES},
    "wrong-flag": {**ON, "value": "uno"},
    "boolean-zero-flag": {**ON, "value": False},
    "string-zero-flag": {**ON, "value": ""},
    "integer-zero-flag": {**ON, "value": 0},
    "float-zero-flag": {**ON, "value": 0.0},
    "object-zero-flag": ON,
    "boolean-disabled-flag": OFF,
    "string-disabled-flag": OFF,
    "integer-disabled-flag": OFF,
    "float-disabled-flag": OFF,
    "object-disabled-flag": OFF,
}
VALUES: list[tuple[str, str, Any, Any]] = [
    ("boolean", "boolean-flag", False, True),
    ("boolean", "boolean-flag.value", False, True),
    ("string", "string-flag.value", "bye", "hi"),
    ("integer", "integer-flag.value", 1, 10),
    ("float", "float-flag.value", 0.1, 0.5),
    ("object", "object-flag", {}, PICTURES),
]
ZEROS: list[tuple[str, str, Any, Any]] = [
    ("boolean", "boolean-zero-flag.value", True, False),
    ("string", "string-zero-flag.value", "hi", ""),
    ("integer", "integer-zero-flag.value", 1, 0),
    ("float", "float-zero-flag.value", 0.1, 0.0),
    ("object", "object-zero-flag", {"a": 1}, {}),
]
DISABLED: list[tuple[str, str, Any]] = [
    ("boolean", "boolean-disabled-flag", False),
    ("boolean", "boolean-disabled-flag.value", True),
    ("string", "string-disabled-flag.value", "bye"),
    ("integer", "integer-disabled-flag.value", 1),
    ("float", "float-disabled-flag.value", 0.1),
    ("object", "object-disabled-flag", {"a": 1}),
]
MISMATCHES: list[tuple[str, str, Any]] = [
    ("boolean", "string-flag.value", False),
    ("string", "boolean-flag.value", "bye"),
    ("string", "boolean-flag", "bye"),
    ("integer", "boolean-flag.value", 1),
    ("integer", "boolean-flag", 1),
    ("integer", "wrong-flag.value", 13),
    ("float", "boolean-flag.value", 0.1),
    ("float", "boolean-flag", 0.1),
    ("object", "boolean-flag.value", {"a": 1}),
]
MISSING: list[tuple[str, str, Any]] = [
    ("boolean", "non-existent-flag", False),
    ("string", "non-existent-flag", "bye"),
    ("integer", "non-existent-flag", 1),
    ("float", "non-existent-flag", 0.1),
    ("object", "non-existent-flag", {"a": 1}),
]
FOR_BALLMER = '(eq $email "ballmer@macrosoft.com")'


def variants(value: Any, other: Any, name: str, rule: str = "") -> dict[str, Any]:
    """Return a flag with the value `value`, by a rule if there is one, and else by default."""
    whole = isinstance(value, dict)
    first, second = (one if whole else {"value": one} for one in (value, other))
    default = {"name": name, "enabled": True, "attributeValues": first}
    never = {"name": "other", "enabled": True, "attributeValues": second, "rule": "false"}
    targeted = {**default, "rule": rule}
    return {"_variants": [targeted, never, default] if rule else [default]}


WITH_RULES: dict[str, Any] = {
    "boolean-variant-flag": variants(True, False, "on"),
    "string-variant-flag": variants("hi", "bye", "greeting"),
    "integer-variant-flag": variants(10, 1, "ten"),
    "float-variant-flag": variants(0.5, 0.1, "half"),
    "object-variant-flag": variants(PICTURES, {}, "template"),
    "boolean-targeted-zero-flag": variants(False, True, "zero", FOR_BALLMER),
    "string-targeted-zero-flag": variants("", "str", "zero", FOR_BALLMER),
    "integer-targeted-zero-flag": variants(0, 1, "zero", FOR_BALLMER),
    "float-targeted-zero-flag": variants(0.0, 1.0, "zero", FOR_BALLMER),
    "object-targeted-zero-flag": variants({}, PICTURES, "zero", FOR_BALLMER),
    "complex-targeted": {
        "_variants": [
            {
                "name": "internal",
                "enabled": True,
                "attributeValues": {"value": "INTERNAL"},
                "rule": f"(and (eq $customer false) {FOR_BALLMER} (gt $age 10))",
            },
            {"name": "external", "enabled": True, "attributeValues": {"value": "EXTERNAL"}},
        ]
    },
    "split-flag": {
        "_variants": [
            {"name": "all", "enabled": True, "rule": "(split pct::100 by::$targetingKey)"},
            {"name": "none", "enabled": False},
        ]
    },
    "metadata-flag": {
        "enabled": True, "string": "1.0.2", "integer": 2, "float": 0.1, "boolean": True,
    },
    "plain-flag": ON,
}  # fmt: skip
STORED = {"version": "1", "flags": {}, "values": WITH_RULES}
OF_VARIANTS: list[tuple[str, str, Any, Any, str]] = [
    ("boolean", "boolean-variant-flag.value", False, True, "on"),
    ("string", "string-variant-flag.value", "bye", "hi", "greeting"),
    ("integer", "integer-variant-flag.value", 1, 10, "ten"),
    ("float", "float-variant-flag.value", 0.1, 0.5, "half"),
    ("object", "object-variant-flag", {}, PICTURES, "template"),
]
TARGETED: list[tuple[str, str, Any, Any]] = [
    ("boolean", "boolean-targeted-zero-flag.value", True, False),
    ("string", "string-targeted-zero-flag.value", "hi", ""),
    ("integer", "integer-targeted-zero-flag.value", 1, 0),
    ("float", "float-targeted-zero-flag.value", 0.1, 0.0),
    ("object", "object-targeted-zero-flag", {"a": 1}, {}),
]
DEFAULTS = [(kind, key, default) for kind, key, default, _ in VALUES]

# SDKs before 0.10 always wait.
set_and_wait = getattr(api, "set_provider_and_wait", api.set_provider)


class HeldBackend(FakeBackend):
    """A backend that responds only when it may."""

    def __init__(self, documents: dict[str, bytes | Outcome]) -> None:
        super().__init__(documents)
        self.called, self.may_respond = threading.Event(), threading.Event()

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        self.called.set()
        assert self.may_respond.wait(30)
        return super().__call__(requests, timeout)


class Stage:
    """A provider in each of the states that the scenarios begin with."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.backend = HeldBackend({PROFILE: json.dumps(FLAGS).encode()})
        self.backend.may_respond.set()
        self.environ = {
            "AWS_REGION": "us-east-1",
            "APPCONFIG_ENV_SOURCES": PROFILE,
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
            # Longer than any test takes, on any machine.
            "AWS_APPCONFIG_EXTENSION_POLL_TIMEOUT_MILLIS": "60s",
            "APPCONFIG_ENV_DEADLINE_SECONDS": "60",
        }
        self._starting: threading.Thread | None = None

    def with_rules(self) -> None:
        self.backend.documents[PROFILE] = json.dumps(STORED).encode()
        self.stable()

    def provider(self) -> AppConfigProvider:
        helper = Helper(
            self.environ, now=self.clock, make_backend=lambda *_: self.backend, jitter=steadily
        )
        return AppConfigProvider(helper=helper)

    def stable(self) -> None:
        with suppress(OpenFeatureError):
            set_and_wait(self.provider())

    def not_ready(self) -> None:
        self.backend.may_respond.clear()
        self._starting = threading.Thread(target=self.stable)
        self._starting.start()
        assert self.backend.called.wait(30)

    def error(self) -> None:
        del self.backend.documents[PROFILE]
        self.stable()

    def fatal(self) -> None:
        self.environ["APPCONFIG_ENV_SOURCES"] = "smm:/shop/prod/"
        self.stable()

    def stale(self) -> None:
        self.stable()
        del self.backend.documents[PROFILE]
        self.clock.tick(60)
        details("boolean", "boolean-flag", False)

    def end(self) -> None:
        self.backend.may_respond.set()
        if self._starting is not None:
            self._starting.join()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.end()
    api.shutdown()


@pytest.fixture
def stable(stage: Stage) -> None:
    stage.stable()


@pytest.fixture
def with_rules(stage: Stage) -> None:
    stage.with_rules()


def details(kind: str, key: str, default: object, **given: Any) -> FlagEvaluationDetails[Any]:
    evaluate = getattr(api.get_client(), f"get_{kind}_details")
    found: FlagEvaluationDetails[Any] = evaluate(key, default, **given)
    return found


def evaluated_by_each_method(
    kind: str, key: str, default: object, context: EvaluationContext | None = None
) -> Iterator[FlagEvaluationDetails[Any]]:
    yield details(kind, key, default, evaluation_context=context)
    evaluate = getattr(api.get_client(), f"get_{kind}_details_async")
    yield asyncio.run(evaluate(key, default, evaluation_context=context))


@pytest.mark.parametrize(("kind", "key", "default", "expected"), [*VALUES, *ZEROS])
@pytest.mark.usefixtures("stable")
def test_a_value_is_resolved(kind: str, key: str, default: object, expected: object) -> None:
    for found in evaluated_by_each_method(kind, key, default):
        assert (found.flag_key, found.value, type(found.value)) == (key, expected, type(expected))
        assert (found.reason, found.error_code) == ("STATIC", None)
    client = api.get_client()
    assert getattr(client, f"get_{kind}_value")(key, default) == expected
    assert asyncio.run(getattr(client, f"get_{kind}_value_async")(key, default)) == expected


@pytest.mark.parametrize(("kind", "key", "default"), DISABLED)
@pytest.mark.usefixtures("stable")
def test_a_disabled_flag_resolves_to_the_default(kind: str, key: str, default: object) -> None:
    for found in evaluated_by_each_method(kind, key, default):
        assert (found.value, found.reason, found.error_code) == (default, "DISABLED", None)


@pytest.mark.parametrize(
    ("kind", "key", "default", "code"),
    [(*one, "TYPE_MISMATCH") for one in MISMATCHES] + [(*one, "FLAG_NOT_FOUND") for one in MISSING],
)
@pytest.mark.usefixtures("stable")
def test_an_error_resolves_to_the_default(kind: str, key: str, default: object, code: str) -> None:
    for found in evaluated_by_each_method(kind, key, default):
        assert (found.value, found.reason, found.variant) == (default, "ERROR", None)
        assert found.error_code is not None
        assert found.error_code.value == code


@pytest.mark.parametrize(
    ("begin", "status"),
    [
        (Stage.stable, "READY"),
        (Stage.not_ready, "NOT_READY"),
        (Stage.error, "ERROR"),
        (Stage.fatal, "FATAL"),
        (Stage.stale, "STALE"),
    ],
)
def test_the_status_of_the_provider_can_be_read(
    stage: Stage, begin: Callable[[Stage], None], status: str
) -> None:
    begin(stage)

    assert api.get_client().get_provider_status().value == status


@pytest.mark.parametrize(
    ("begin", "code"),
    [(Stage.not_ready, "PROVIDER_NOT_READY"), (Stage.fatal, "PROVIDER_FATAL")],
)
def test_a_provider_that_cannot_evaluate_resolves_to_the_defaults(
    stage: Stage, begin: Callable[[Stage], None], code: str
) -> None:
    begin(stage)

    for kind, key, default in DEFAULTS:
        for found in evaluated_by_each_method(kind, key, default):
            assert (found.value, found.reason) == (default, "ERROR")
            assert found.error_code is not None
            assert found.error_code.value == code


def test_an_asynchronous_evaluation_does_not_block(stage: Stage) -> None:
    stage.stable()
    stage.clock.tick(60)
    stage.backend.called.clear()
    stage.backend.may_respond.clear()

    async def evaluate() -> int:
        client = api.get_client()
        evaluation = asyncio.ensure_future(client.get_integer_value_async("integer-flag.value", 1))
        await asyncio.to_thread(stage.backend.called.wait, 30)
        assert not evaluation.done()
        stage.backend.may_respond.set()
        return await evaluation

    assert asyncio.run(evaluate()) == 10


class Recorder(Hook):
    """Records the stages of an evaluation, each with its name; has the SDK's signatures."""

    def __init__(self, name: str, stages: list[tuple[str, str, Any]]) -> None:
        self.name = name
        self.stages = stages

    def before(self, hook_context: Any, hints: Any) -> None:  # noqa: ARG002
        self.stages.append((self.name, "before", None))

    def after(self, hook_context: Any, details: Any, hints: Any) -> None:  # noqa: ARG002
        self.stages.append((self.name, "after", details))

    def error(self, hook_context: Any, exception: Exception, hints: Any) -> None:  # noqa: ARG002
        self.stages.append((self.name, "error", None))

    def finally_after(self, hook_context: Any, details: Any, hints: Any) -> None:  # noqa: ARG002
        self.stages.append((self.name, "finally", details))


@pytest.mark.parametrize(
    ("kind", "key", "default", "stages", "expected"),
    [
        ("boolean", "boolean-flag", False, ["before", "after", "finally"], (True, "STATIC", None)),
        (
            "string", "missing-flag", "uh-oh", ["before", "error", "finally"],
            ("uh-oh", "ERROR", "FLAG_NOT_FOUND"),
        ),
        (
            "boolean", "wrong-flag.value", False, ["before", "error", "finally"],
            (False, "ERROR", "TYPE_MISMATCH"),
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("stable")
def test_hooks_get_the_details(
    kind: str, key: str, default: object, stages: list[str], expected: tuple[object, ...]
) -> None:
    recorded: list[tuple[str, str, Any]] = []
    options = FlagEvaluationOptions(hooks=[Recorder("only", recorded)])
    details(kind, key, default, flag_evaluation_options=options)

    assert [stage for _, stage, _ in recorded] == stages
    for found in [given for _, _, given in recorded if given is not None]:
        code = found.error_code.value if found.error_code else None
        assert (found.flag_key, found.variant) == (key, None)
        assert (found.value, found.reason, code) == expected


@pytest.mark.usefixtures("stable")
def test_hooks_of_an_evaluation_run_in_order() -> None:
    recorded: list[tuple[str, str, Any]] = []
    options = FlagEvaluationOptions(hooks=[Recorder(name, recorded) for name in ("one", "two")])
    details("boolean", "boolean-flag", False, flag_evaluation_options=options)

    order = [(name, stage) for name, stage, _ in recorded if stage != "finally"]
    assert order == [("one", "before"), ("two", "before"), ("two", "after"), ("one", "after")]


@pytest.mark.usefixtures("stable")
def test_neither_the_context_nor_the_details_can_be_changed() -> None:
    context = EvaluationContext("user", {"list": ["x"]})
    found = details("object", "object-flag", {}, evaluation_context=context)
    found.value["title"] = "changed"
    metadata: Any = found.flag_metadata
    with pytest.raises(TypeError):
        metadata["source"] = "changed"

    assert (context.targeting_key, context.attributes) == ("user", {"list": ["x"]})
    assert details("object", "object-flag", {}).value == PICTURES
    assert details("object", "object-flag", {}).flag_metadata == {"source": PROFILE}


BALLMER = EvaluationContext(attributes={"email": "ballmer@macrosoft.com"})
NULL: Any = {"email": None}


@pytest.mark.parametrize(("kind", "key", "default", "expected", "variant"), OF_VARIANTS)
@pytest.mark.usefixtures("with_rules")
def test_the_details_have_the_variant(
    kind: str, key: str, default: object, expected: object, variant: str
) -> None:
    for found in evaluated_by_each_method(kind, key, default):
        assert (found.value, found.variant, found.reason) == (expected, variant, "STATIC")
        assert found.flag_key == key


@pytest.mark.parametrize("target", TARGETED, ids=lambda target: target[0])
@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (BALLMER, "TARGETING_MATCH"),
        (EvaluationContext(attributes={"email": "ballmer@none.com"}), "DEFAULT"),
        (EvaluationContext(attributes=NULL), "DEFAULT"),
        (EvaluationContext(), "DEFAULT"),
        (None, "DEFAULT"),
    ],
)
@pytest.mark.usefixtures("with_rules")
def test_a_context_is_what_rules_are_evaluated_with(
    target: tuple[str, str, Any, Any], context: EvaluationContext | None, reason: str
) -> None:
    kind, key, default, expected = target
    for found in evaluated_by_each_method(kind, key, default, context):
        assert (found.value, type(found.value)) == (expected, type(expected))
        assert (found.reason, found.error_code, found.variant) == (reason, None, "zero")


@pytest.mark.usefixtures("with_rules")
def test_a_rule_can_use_several_attributes_of_the_context() -> None:
    attributes: Any = {
        "email": "ballmer@macrosoft.com",
        "role": "admin",
        "age": 65,
        "customer": False,
    }

    found = details(
        "string",
        "complex-targeted.value",
        "x",
        evaluation_context=EvaluationContext("", attributes),
    )
    without = details("string", "complex-targeted.value", "x")

    assert (found.value, found.reason, found.variant) == ("INTERNAL", "TARGETING_MATCH", "internal")
    assert (without.value, without.reason) == ("EXTERNAL", "DEFAULT")


@pytest.mark.usefixtures("with_rules")
def test_a_split_by_the_targeting_key_has_its_own_reason() -> None:
    found = details("boolean", "split-flag", False, evaluation_context=EvaluationContext("user-1"))
    without = details("boolean", "split-flag", True)

    assert (found.value, found.reason, found.variant) == (True, "SPLIT", "all")
    assert (without.value, without.reason, without.variant) == (False, "DEFAULT", "none")


@pytest.mark.usefixtures("with_rules")
def test_the_details_of_a_flag_have_its_metadata() -> None:
    own = {"string": "1.0.2", "integer": 2, "float": 0.1, "boolean": True}

    found = details("boolean", "metadata-flag", True).flag_metadata

    assert {name: found[name] for name in own} == own
    assert [type(found[name]) for name in own] == [str, int, float, bool]


@pytest.mark.parametrize(("kind", "default"), [("boolean", True), ("object", {})])
@pytest.mark.usefixtures("with_rules")
def test_a_flag_without_metadata_has_only_its_source(kind: str, default: object) -> None:
    assert details(kind, "plain-flag", default).flag_metadata == {"source": PROFILE}
