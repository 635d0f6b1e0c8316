"""What is written to a folder: what is missing there, and nothing that is there unasked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appconfig_env._cli.contents import PLACEHOLDER, Contents, Profile
from appconfig_env._cli.folder_plan import Change, Plan, plan
from appconfig_env._content.parse import parse
from appconfig_env.errors import AppConfigEnvError

if TYPE_CHECKING:
    from pathlib import Path

FOUND = Contents(
    {"/shop/host": "h1", "/shop/key": PLACEHOLDER},
    frozenset({"/shop/key"}),
    {"prod/db": {"user": PLACEHOLDER}},
    {("shop", "prod", "app"): Profile(b'{"a": 1}', ".json")},
)
NAMES = st.from_regex(r"/[a-z]{1,3}(/[a-z]{1,3})?", fullmatch=True)


def parameters(**values: str) -> Contents:
    return Contents({f"/{name}": value for name, value in values.items()}, frozenset(), {}, {})


def after(folder: Path, found: Contents, *, overwrite: bool = False) -> dict[str, str]:
    """Carry out a plan; return the parameters in the folder."""
    for change in plan(str(folder), found, overwrite=overwrite).changes:
        with open(change.path, "wb") as file:
            file.write(change.body)
    (path,) = folder.glob("ssm.*")
    kind = "dotenv" if path.suffix == ".env" else "json"
    data = parse(path.read_bytes(), format=kind)
    assert isinstance(data, dict)
    return data


def test_an_empty_folder_gets_all_files(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    found = plan(str(folder), FOUND, overwrite=False)

    assert found.kept == {}
    assert [(one.path, json.loads(one.body)) for one in found.changes] == [
        (str(folder / "ssm.json"), dict(FOUND.parameters)),
        (str(folder / "secrets.json"), dict(FOUND.secrets)),
        (str(folder / "shop" / "prod" / "app.json"), {"a": 1}),
    ]
    assert [one.placeholders for one in found.changes] == [("/shop/key",), ("prod/db",), ()]


def test_a_plan_writes_nothing_itself(tmp_path: Path) -> None:
    plan(str(tmp_path), FOUND, overwrite=True)

    assert list(tmp_path.iterdir()) == []


def test_names_are_added_and_all_else_stays_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "ssm.json").write_text('{"/a" : "own",\n\t"/n": 1.50}\n')

    found = plan(str(tmp_path), parameters(b="2", c="3"), overwrite=False)

    assert found.changes == [
        Change(
            str(tmp_path / "ssm.json"),
            b'{"/a" : "own",\n\t"/n": 1.50,\n  "/b": "2",\n  "/c": "3"\n}\n',
            ("/b", "/c"),
        )
    ]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_value_that_differs_is_kept_unless_it_is_to_be_replaced(
    tmp_path: Path, *, overwrite: bool
) -> None:
    (tmp_path / "ssm.json").write_text('{"/a": "own", "/other": "x"}')
    path = str(tmp_path / "ssm.json")

    found = plan(str(tmp_path), parameters(a="theirs"), overwrite=overwrite)

    if overwrite:
        body = b'{\n  "/a": "theirs",\n  "/other": "x"\n}\n'
        assert found == Plan([Change(path, body, (), ("/a",))], {})
    else:
        assert found == Plan([], {path: ("/a",)})


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_secret_that_was_filled_in_is_never_replaced(tmp_path: Path, *, overwrite: bool) -> None:
    (tmp_path / "secrets.json").write_text('{"prod/db": {"user": "me"}}')
    (tmp_path / "ssm.json").write_text('{"/shop/key": "own", "/shop/host": "h1"}')
    (tmp_path / "shop:prod:app.json").write_text('{"a": 1}')

    assert plan(str(tmp_path), FOUND, overwrite=overwrite) == Plan([], {})


@pytest.mark.parametrize("name", ["shop:prod:app.json", "shop:prod:app", "shop/prod/app.yaml"])
def test_a_profile_stays_in_the_file_that_it_has(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    found = FOUND._replace(parameters={}, secrets={})

    assert plan(str(tmp_path), found, overwrite=False) == Plan([], {str(path): ()})
    assert plan(str(tmp_path), found, overwrite=True) == Plan([Change(str(path), b'{"a": 1}')], {})


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_dotenv_file_gets_lines_and_keeps_its_own(tmp_path: Path, *, overwrite: bool) -> None:
    (tmp_path / "ssm.env").write_text("# own\n/a='own' # yes\n\n")

    found = plan(str(tmp_path), parameters(a="theirs", b="it's"), overwrite=overwrite)

    assert found.kept == {str(tmp_path / "ssm.env"): ("/a",)}
    assert [one.body for one in found.changes] == [b"# own\n/a='own' # yes\n/b='it\\'s'\n"]


@settings(max_examples=30)
@given(st.dictionaries(NAMES, st.text(), min_size=1), st.dictionaries(NAMES, st.text()))
def test_what_is_added_can_be_read_and_what_was_there_too(
    tmp_path_factory: pytest.TempPathFactory, theirs: dict[str, str], ours: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    (folder / "ssm.json").write_text(json.dumps(ours))
    found = Contents(theirs, frozenset(), {}, {})

    assert after(folder, found) == theirs | ours
    assert after(folder, found, overwrite=True) == ours | theirs


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("ssm.json", "{", "ssm.json: "),
        ("ssm.json", "[]", "ssm.json: expected a JSON object; correct the file, or move it"),
        ("secrets.json", "", "secrets.json: "),
        ("ssm.env", "a b", "ssm.env: "),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(
    tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / name).write_text(content)

    with pytest.raises(AppConfigEnvError, match=problem):
        plan(str(tmp_path), FOUND, overwrite=True)


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "ssm.json").mkdir()

    with pytest.raises(AppConfigEnvError, match=r"ssm.json: Is a directory; pass another folder"):
        plan(str(tmp_path), FOUND, overwrite=False)


def test_a_value_that_no_dotenv_file_can_have_names_the_other_form(tmp_path: Path) -> None:
    (tmp_path / "ssm.env").touch()

    with pytest.raises(AppConfigEnvError, match=r"ssm.env: /a: .*; convert the file to ssm.json"):
        plan(str(tmp_path), parameters(a="two\nlines\\"), overwrite=False)


def test_what_utf_8_cannot_have_is_an_escape(tmp_path: Path) -> None:
    assert after(tmp_path, parameters(a="\ud800", b="\U0001f600")) == {
        "/a": "\ud800",
        "/b": "\U0001f600",
    }


@pytest.mark.parametrize(
    ("ours", "theirs", "result", "names"),
    [
        ({"user": "own"}, {"user": PLACEHOLDER, "port": 0}, {"user": "own", "port": 0}, ["#port"]),
        (
            {"db": {"user": "own"}},
            {"db": {"user": PLACEHOLDER, "host": PLACEHOLDER}},
            {"db": {"user": "own", "host": PLACEHOLDER}},
            ["#db.host"],
        ),
        ('{"user": "own"}', {"port": 0}, {"user": "own", "port": 0}, ["#port"]),
        ({"user": "own", "more": 1}, {"user": PLACEHOLDER}, None, []),
        ('{"user": "own"}', {"user": PLACEHOLDER}, None, []),
        ("own", {"user": PLACEHOLDER}, None, []),
        ({"user": "own"}, PLACEHOLDER, None, []),
        ("own", PLACEHOLDER, None, []),
    ],
)
def test_a_secret_gets_the_keys_that_it_does_not_have(
    tmp_path: Path, ours: object, theirs: object, result: object, names: list[str]
) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"s": ours, "other": 1.5}))

    planned = plan(str(tmp_path), Contents({}, frozenset(), {"s": theirs}, {}), overwrite=True)

    if result is None:
        assert planned.changes == []
        return
    (change,) = planned.changes
    assert json.loads(change.body) == {"s": result, "other": 1.5}
    assert list(change.placeholders) == [f"s{name}" for name in names]
