"""Errors for error reporters, which send the variables of every frame: no value is in them."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import re
import sys
from dataclasses import dataclass
from traceback import TracebackException
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
import yaml
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, ProviderFatalError

import appconfig_env
from appconfig_env import (
    AmbiguousFlagError,
    BindError,
    ConversionError,
    LoadError,
    MissingKeyError,
    SettingsError,
    UnevaluatedFlagError,
    testing,
)
from appconfig_env._backends.fake import FakeBackend
from appconfig_env._content.document import Document
from appconfig_env._helper.helper import Helper
from appconfig_env._models.bind import bind_to
from appconfig_env.errors import Failure
from appconfig_env.openfeature import AppConfigProvider
from appconfig_env.testing import override

from ..support.fakes import Clock, steadily
from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from types import FrameType

    from appconfig_env._backends.base import Outcome, Request

APP, FLAGS = "appconfig:shop/prod/app", "appconfig:shop/prod/flags"
SHOP, SECRET, LOST = "ssm:/shop/prod/", "secretsmanager:prod/db", "ssm:/lost/"
BROKEN = "appconfig:shop/prod/broken"
CANARY = "c4n4ry"  # a part of every value
NUMBER = 7182374655
PACKAGE = str(ROOT / "appconfig_env")
DATA = {"limit": NUMBER, "text": f"{CANARY}-app", "both": {"enabled": True, "x": f"{CANARY}-x"}}
FLAG = {"enabled": True, "rate": 10**400, "title": f"{CANARY}-title"}
BETA = {"name": "beta", "enabled": True, "rule": f'(eq $plan "{CANARY}-plan")'}
REST = {"name": "rest", "enabled": True, "attributeValues": {"x": f"{CANARY}-rest"}}
RULES = {
    "targeted": {"_variants": [BETA, REST]},
    "wrong": {"_variants": [{**BETA, "rule": f"(eq $plan {CANARY}@x)"}, REST]},
}
DENIED = Failure("denied", "not allowed", "allow it")
DOCUMENTS: dict[str, Document | Failure] = {
    APP: Document(json.dumps(DATA).encode(), content_type="application/json"),
    FLAGS: Document(json.dumps({"both": DATA["both"], "checkout": FLAG, **RULES}).encode()),
    SHOP: Document(
        parameters={"HOST": f"{CANARY}-host", "YAML": f"{{{CANARY}: ["},
        secret_parameters=frozenset({"HOST"}),
    ),
    SECRET: Document(json.dumps({"pw": f"{CANARY}-pw"}).encode(), secret=True),
    LOST: DENIED,
    BROKEN: Document(f'{{"a": "{CANARY}-broken"'.encode(), content_type="application/json"),
}
OF_A_TEST = {APP: DATA, FLAGS: DATA, f"{SECRET}#pw": f"{CANARY}-pw"}


class Backend(FakeBackend):
    """Raises an error, if it has one: a bug, or a signal that arrives while it reads."""

    error: BaseException | None = None

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        given = super().__call__(requests, timeout)
        if self.error is not None:
            raise self.error from KeyError(f"{CANARY}-cause")
        return given


class World:
    """A process without the wrapper, whose every source has a canary.

    Args:
        folder: for the snapshot.
        more: variables.
    """

    def __init__(self, folder: Path, more: Mapping[str, str]) -> None:
        self.clock = Clock()
        self.backend = Backend({**DOCUMENTS})
        self.environ = {
            "APPCONFIG_ENV_SOURCES": f"{APP} {FLAGS} {SHOP} {LOST}?prefix=LOST_ {BROKEN}?optional",
            "APPCONFIG_ENV_SNAPSHOT": str(folder / "snapshot.json"),
            "DB_PASSWORD": f"{SECRET}#pw",
            "UNRELATED": f"{CANARY}-unrelated",
            **more,
        }
        self.helper = self.new_helper(self.environ)

    def new_helper(self, environ: dict[str, str]) -> Helper:
        return Helper(
            environ, now=self.clock, make_backend=lambda *_: self.backend, jitter=steadily
        )

    def warm(self) -> Helper:
        """A helper that has read every source."""
        self.helper.get("TEXT")
        return self.helper

    def failing(self, error: BaseException) -> Helper:
        """A helper whose next refresh is interrupted."""
        self.warm()
        self.clock.tick(1000)
        self.backend.error = error
        return self.helper


class LibraryError(Exception):
    """The error of a converter, which is not one of Python's own."""


def raises_its_own(text: str) -> object:
    try:
        return int(text)
    except ValueError as error:
        raise LibraryError(text) from error


def has_a_mistake(text: str) -> object:
    return text.no_such_method()  # type: ignore[attr-defined]


def exits(names: frozenset[str]) -> None:
    raise SystemExit(len(names))


class Way(NamedTuple):
    """How a public call fails.

    Attributes:
        call: the public name.
        error: what it raises.
        fail: makes the call.
        more: variables.
    """

    call: str
    error: type[BaseException]
    fail: Callable[[World], object]
    more: Mapping[str, str] = {}


INVALID = {"APPCONFIG_ENV_ON_ERROR": "perhaps"}
NO_FALLBACK = {"APPCONFIG_ENV_FALLBACK": "/no/such/file"}
BUG = RuntimeError


def converts(kind: Any, name: str = "TEXT") -> Callable[[World], object]:
    return lambda world: world.warm().get(name, type=kind)


def changes(world: World) -> Helper:
    """A helper whose callback ends the process at the next refresh."""
    helper = world.warm()
    helper.on_change(exits)
    world.backend.documents[SHOP] = Document(parameters={"HOST": f"{CANARY}-new"})
    return helper


def evaluates(method: str, key: str, default: object) -> Callable[[World], object]:
    def evaluate(world: World) -> object:
        provider = AppConfigProvider(helper=world.warm())
        provider.initialize(EvaluationContext())
        world.failing(BUG("bug"))
        found = getattr(provider, method)(key, default)
        return asyncio.run(found) if inspect.iscoroutine(found) else found

    return evaluate


def initializes(world: World, source: str | None = None) -> None:
    AppConfigProvider(source, helper=world.helper).initialize(EvaluationContext())


def interrupted(world: World) -> World:
    world.failing(BUG("bug"))
    return world


def overrides(world: World, **given: Any) -> None:
    with (
        override({"OUTER": f"{CANARY}-outer"}, helper=world.helper),
        override(**given, helper=world.helper),
    ):
        raise AssertionError


def within_override(world: World, work: Callable[[Helper], object]) -> None:
    with override({"TEXT": f"{CANARY}-text"}, documents=OF_A_TEST, helper=world.helper):
        work(world.helper)


@dataclass
class Model:
    """A model whose variables have canaries, which it rejects."""

    text: int
    host: int
    unrelated: str
    nowhere: str


@dataclass
class Strict:
    """A model that rejects all values."""

    text: str

    def __post_init__(self) -> None:
        raise LibraryError(self.text)


@dataclass
class Read:
    """A model whose own code fails."""

    text: str

    def __len__(self) -> int:
        return int(CANARY)


def reads_bound(world: World) -> object:
    bound = bind_to(world.warm(), Read)
    world.failing(BUG("bug"))
    return bound.text


def changes_bound(world: World) -> None:
    bind_to(world.warm(), Read).text = "x"


WRONG: Any = {"plan": object()}
NONE: Any = ()
WAYS = {
    "a model of invalid values": Way(
        "bind", BindError, lambda world: bind_to(world.warm(), Model)
    ),
    "a model that rejects its values": Way(
        "bind", BindError, lambda world: bind_to(world.warm(), Strict)
    ),
    "a model of a lost source": Way(
        "bind", BindError, lambda world: bind_to(world.warm(), Read, "LOST_")
    ),
    "a model and a bug": Way(
        "bind", BUG, lambda world: bind_to(interrupted(world).helper, Read)
    ),
    "what is not a model": Way("bind", TypeError, lambda world: bind_to(world.warm(), int)),
    "a model with invalid settings": Way(
        "bind", SettingsError, lambda world: bind_to(world.helper, Read), INVALID
    ),
    "a model in an override": Way(
        "bind",
        BindError,
        lambda world: within_override(world, lambda helper: bind_to(helper, Model)),
    ),
    "an attribute and a bug": Way("bind", BUG, reads_bound),
    "an attribute of a bound object": Way("bind", AttributeError, changes_bound),
    "a list": Way("get", ConversionError, converts(list[int])),
    "a dataclass": Way("get", ConversionError, converts(Read)),
    "a union": Way("get", ConversionError, converts(int | bool)),
    "what is not a type": Way("get", TypeError, converts("int")),
    "an integer": Way("get", ConversionError, converts(int)),
    "a boolean": Way("get", ConversionError, converts(bool)),
    "JSON": Way("get", ConversionError, converts(json.loads)),
    "an integer of the environment": Way("get", ConversionError, converts(int, "UNRELATED")),
    "a secret integer": Way("get", ConversionError, converts(int, "DB_PASSWORD")),
    "the error of a library": Way("get", ConversionError, converts(yaml.safe_load, "YAML")),
    "the error of a converter": Way("get", ConversionError, converts(raises_its_own)),
    "a mistake in a converter": Way("get", ConversionError, converts(has_a_mistake)),
    "a lost source": Way("get", LoadError, lambda world: world.warm().get("LOST_X")),
    "a lost source at first": Way("get", LoadError, lambda world: world.helper.get("LOST_X")),
    "invalid settings": Way("get", SettingsError, lambda world: world.helper.get("X"), INVALID),
    "a bug": Way("get", BUG, lambda world: world.failing(BUG("bug")).get("TEXT")),
    "an interrupt": Way(
        "get", KeyboardInterrupt, lambda world: world.failing(KeyboardInterrupt()).get("TEXT")
    ),
    "a name that is not one": Way("get", TypeError, lambda world: world.warm().get([])),  # type: ignore[call-overload]
    "get in an override": Way(
        "get",
        ConversionError,
        lambda world: within_override(world, lambda helper: helper.get("TEXT", type=int)),
    ),
    "a name that nothing has": Way(
        "require", MissingKeyError, lambda world: world.warm().require("TEXTS")
    ),
    "require of an integer": Way(
        "require", ConversionError, lambda world: world.warm().require("TEXT", type=int)
    ),
    "require in an override": Way(
        "require",
        MissingKeyError,
        lambda world: within_override(world, lambda helper: helper.require("TEXTS")),
    ),
    "require with invalid settings": Way(
        "require", SettingsError, lambda world: world.helper.require("X"), INVALID
    ),
    "an unknown document": Way(
        "document", MissingKeyError, lambda world: world.warm().document("ssm:/unknown/")
    ),
    "a reference that is not one": Way(
        "document", MissingKeyError, lambda world: world.warm().document("unknown")
    ),
    "an unknown key": Way(
        "document", MissingKeyError, lambda world: world.warm().document(f"{APP}#both.y")
    ),
    "a key of a text": Way(
        "document", MissingKeyError, lambda world: world.warm().document(f"{APP}#text.y")
    ),
    "a document that is lost": Way(
        "document", MissingKeyError, lambda world: world.warm().document(LOST)
    ),
    "a document that does not parse": Way(
        "document", MissingKeyError, lambda world: world.warm().document(BROKEN)
    ),
    "a document with invalid settings": Way(
        "document", SettingsError, lambda world: world.helper.document(APP), INVALID
    ),
    "a document in an override": Way(
        "document",
        MissingKeyError,
        lambda world: within_override(world, lambda helper: helper.document(f"{APP}#both.y")),
    ),
    "an ambiguous flag": Way("flag", AmbiguousFlagError, lambda world: world.warm().flag("both")),
    "a flag of an unknown profile": Way(
        "flag", MissingKeyError, lambda world: world.warm().flag("both", source="appconfig:a/b/c")
    ),
    "a flag with invalid settings": Way(
        "flag", SettingsError, lambda world: world.helper.flag("both"), INVALID
    ),
    "a flag and a bug": Way("flag", BUG, lambda world: world.failing(BUG("bug")).flag("checkout")),
    "a flag without a context": Way(
        "flag", UnevaluatedFlagError, lambda world: world.warm().flag("targeted")
    ),
    "a flag with a wrong rule": Way(
        "flag", UnevaluatedFlagError, lambda world: world.warm().flag("wrong", context={})
    ),
    "a flag with a wrong context": Way(
        "flag", UnevaluatedFlagError, lambda world: world.warm().flag("targeted", context=WRONG)
    ),
    "a flag whose context is not a mapping": Way(
        "flag", TypeError, lambda world: world.warm().flag("targeted", context=NONE)
    ),
    "a flag in an override": Way(
        "flag",
        AmbiguousFlagError,
        lambda world: within_override(world, lambda helper: helper.flag("both")),
    ),
    "refresh with invalid settings": Way(
        "refresh", SettingsError, lambda world: world.helper.refresh(), INVALID
    ),
    "refresh and a bug": Way("refresh", BUG, lambda world: world.failing(BUG("bug")).refresh()),
    "a callback that exits": Way("on_change", SystemExit, lambda world: changes(world).refresh()),
    "status with invalid settings": Way(
        "status", SettingsError, lambda world: world.helper.status(), INVALID
    ),
    "load with a lost source": Way("load", LoadError, lambda world: world.helper.load()),
    "load after get": Way("load", LoadError, lambda world: world.warm().load()),
    "load with invalid settings": Way(
        "load", SettingsError, lambda world: world.helper.load(), INVALID
    ),
    "load without its fallback": Way(
        "load", SettingsError, lambda world: world.helper.load(), NO_FALLBACK
    ),
    "load and a bug": Way("load", BUG, lambda world: world.failing(BUG("bug")).load()),
    "an unknown attribute": Way("__getattr__", AttributeError, lambda _: appconfig_env.gett),  # type: ignore[attr-defined]
    "an override of a flag": Way(
        "override", TypeError, lambda world: overrides(world, flags={"f": {"enabled": 1}})
    ),
    "an override of a value": Way(
        "override", TypeError, lambda world: overrides(world, values={"A": 1, "X": object()})
    ),
    "an override of a number": Way(
        "override", TypeError, lambda world: overrides(world, values={1: "x"})
    ),
    "an override of a document": Way(
        "override", ValueError, lambda world: overrides(world, documents={"unknown": 1})
    ),
    "an error in an override": Way(
        "override", AssertionError, lambda world: overrides(world, values={"A": 1})
    ),
    "a profile that is not one": Way(
        "AppConfigProvider", SettingsError, lambda world: initializes(world, "nonsense")
    ),
    "an unknown profile": Way(
        "initialize", ProviderFatalError, lambda world: initializes(world, "appconfig:a/b/c")
    ),
    "a provider with invalid settings": Way("initialize", ProviderFatalError, initializes, INVALID),
    "a provider and a bug": Way(
        "initialize", BUG, lambda world: initializes(interrupted(world))
    ),
    **{
        f"{kind}{ending} and a bug": Way(name, BUG, evaluates(name, "checkout", default))
        for kind, default in [
            ("boolean", False),
            ("string", "x"),
            ("integer", 1),
            ("float", 0.5),
            ("object", {}),
        ]
        for ending in ("", "_async")
        for name in [f"resolve_{kind}_details{ending}"]
    },
}  # fmt: skip


@pytest.fixture
def world(way: Way, tmp_path: Path) -> World:
    return World(tmp_path, way.more)


def behind(error: BaseException) -> Iterator[BaseException]:
    """The error, and every error behind it, whether or not a traceback shows it."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            yield one
            waiting += [one.__cause__, one.__context__]


def reported(error: BaseException) -> str:
    """What an error reporter sends: the errors, and the variables of all their frames."""
    return "".join(
        line
        for one in behind(error)
        for line in TracebackException.from_exception(one, capture_locals=True).format()
    )


def assert_no_value(error: BaseException) -> None:
    lines = reported(error).splitlines()
    assert [line for line in lines if CANARY in line or str(NUMBER) in line] == []
    assert error.__context__ is None
    assert error.__cause__ is None


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_frame_of_an_error_has_a_value(way: Way, world: World) -> None:
    with pytest.raises(way.error) as caught:
        way.fail(world)

    assert_no_value(caught.value)


def test_every_public_call_is_tried() -> None:
    functions = {name for name in appconfig_env.__all__ if inspect.isroutine(
        inspect.unwrap(getattr(appconfig_env, name)))}  # fmt: skip
    provider = {
        name
        for name, one in vars(AppConfigProvider).items()
        if name[0] != "_" and inspect.isfunction(one) and name != "get_metadata"
    }
    others = {"AppConfigProvider", "__getattr__", "override"}
    assert vars(testing)["override"] is override

    assert {way.call for way in WAYS.values()} == functions | provider | others


class Interrupt:
    """Raises KeyboardInterrupt before a line of the package runs, the `number`-th in this thread.

    Lines of `get` and of what seals an error are not counted: they have no value.
    """

    def __init__(self, number: int) -> None:
        self.left = number

    def trace(self, frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE) and code.co_name not in ("get", "sealed"):
            self.left -= event == "line"
            if self.left == 0:
                raise KeyboardInterrupt
        return self.trace


@pytest.mark.parametrize("number", [*range(1, 400, 19), *range(400, 4000, 300)])
@pytest.mark.parametrize("call", ["get", "refresh", "load", "bind", "attribute"])
def test_an_interrupt_at_any_line_shows_no_value(number: int, call: str, tmp_path: Path) -> None:
    world = World(tmp_path, {"APPCONFIG_ENV_SOURCES": f"{APP} {FLAGS} {SHOP}"})
    helper = world.warm() if call == "refresh" else world.helper
    bound = bind_to(helper, Read) if call == "attribute" else None
    world.clock.tick(1000)
    calls: dict[str, Callable[[], object]] = {
        "get": lambda: helper.get("DB_PASSWORD"),
        "refresh": helper.refresh,
        "load": helper.load,
        "bind": lambda: bind_to(helper, Read),
        "attribute": lambda: bound.text if bound is not None else "",
    }
    before, error = sys.gettrace(), None
    sys.settrace(Interrupt(number).trace)
    try:
        calls[call]()
    except KeyboardInterrupt as interrupt:
        error = interrupt
    finally:
        sys.settrace(before)

    if error is not None:  # else the call has fewer lines
        assert_no_value(error)


def test_an_unexpected_error_names_the_places_where_it_was_raised(tmp_path: Path) -> None:
    world = World(tmp_path, {})

    with pytest.raises(RuntimeError) as caught:
        world.failing(RuntimeError("bug")).get("TEXT")

    (note,) = caught.value.__notes__
    assert note.startswith("raised within appconfig_env, at ")
    assert "store.py:" in note
    assert "test_locals.py:" in note.rpartition(" > ")[2], "the backend is in this file"


def test_an_error_of_ours_has_no_note(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        World(tmp_path, {}).warm().get("TEXT", type=int)

    assert not hasattr(caught.value, "__notes__")


def test_the_context_of_the_caller_is_kept(tmp_path: Path) -> None:
    helper = World(tmp_path, {}).warm()

    def handles() -> None:
        try:
            raises_its_own("x")
        except LibraryError:
            helper.get("TEXT", type=int)

    with pytest.raises(ConversionError) as caught:
        handles()

    assert isinstance(caught.value.__context__, LibraryError)


def test_a_callback_that_fails_is_logged_without_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(tmp_path, {})

    def fails(names: frozenset[str]) -> None:
        assert names
        int(str(world.helper.get("TEXT")))  # an error whose text is the value

    changes(world)
    world.helper._callbacks[:] = [fails]
    world.helper.refresh()

    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    line = r"an on_change callback failed \(ValueError at test_locals\.py:\d+\); correct it"
    assert re.fullmatch(line, record.message)
    assert record.exc_info is None
    assert CANARY not in caplog.text


def test_a_rate_that_no_float_can_hold_has_another_type(tmp_path: Path) -> None:
    provider = AppConfigProvider(helper=World(tmp_path, {}).warm())

    details = provider.resolve_float_details("checkout.rate", 0.5)

    assert (details.value, details.error_code) == (0.5, ErrorCode.TYPE_MISMATCH)
