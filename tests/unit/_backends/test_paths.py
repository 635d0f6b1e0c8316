"""The paths of settings: each is what its setting needs, or an error that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from appconfig_env._backends.paths import problems
from appconfig_env._config.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

LOCAL_DIR = "APPCONFIG_ENV_LOCAL_DIR: expected a readable folder, got {!r}; set it to one, or"
FALLBACK = "APPCONFIG_ENV_FALLBACK: expected a readable file, got {!r}; write it with appconfig-env"
WRAPPER = "APPCONFIG_ENV_NEXT_WRAPPER: expected an executable file, got {!r}; correct its path"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A folder with a file, a program and a folder in it, and a link to each and to nothing."""
    (tmp_path / "file").write_text("{}")
    (tmp_path / "program").write_text("#!/bin/sh\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "folder").mkdir()
    for name in ("file", "program", "folder", "nothing"):
        (tmp_path / f"to-{name}").symlink_to(tmp_path / name)
    return tmp_path


BAD = ("nothing", "to-nothing", "file/nothing", "nul\0")


@pytest.mark.parametrize("name", ["folder", "to-folder", "."])
def test_a_local_dir_is_a_folder(disk: Path, name: str) -> None:
    assert list(problems(Settings(local_dir=str(disk / name)))) == []


@pytest.mark.parametrize("name", ["file", "to-file", "program", *BAD])
def test_any_other_local_dir_is_an_error(disk: Path, name: str) -> None:
    path = str(disk / name)
    (problem,) = problems(Settings(local_dir=path))
    assert problem.startswith(LOCAL_DIR.format(path))


@pytest.mark.parametrize("name", ["file", "to-file", "program"])
def test_a_fallback_is_a_file(disk: Path, name: str) -> None:
    assert list(problems(Settings(fallback_path=str(disk / name)))) == []


@pytest.mark.parametrize("name", ["folder", "to-folder", *BAD])
def test_any_other_fallback_is_an_error(disk: Path, name: str) -> None:
    path = str(disk / name)
    (problem,) = problems(Settings(fallback_path=path))
    assert problem.startswith(FALLBACK.format(path))
    # The command that writes it needs none.
    assert list(problems(Settings(fallback_path=path), reads_fallback=False)) == []


@pytest.mark.parametrize("name", ["program", "to-program"])
def test_a_next_wrapper_is_a_program_at_its_path_or_in_a_folder_of_path(
    disk: Path, name: str
) -> None:
    assert list(problems(Settings(next_wrapper=str(disk / name)), search_path="")) == []
    search_path = f"/no/such:{disk}"
    assert list(problems(Settings(next_wrapper=name), search_path=search_path)) == []


@pytest.mark.parametrize("name", ["file", "folder", "to-file", *BAD])
def test_any_other_next_wrapper_is_an_error_where_it_is_executed(disk: Path, name: str) -> None:
    path = str(disk / name)
    (problem,) = problems(Settings(next_wrapper=path), search_path=str(disk))
    assert problem.startswith(WRAPPER.format(path))
    assert list(problems(Settings(next_wrapper=path))) == []


def test_all_are_reported_together(disk: Path) -> None:
    path = str(disk / "nothing")
    settings = Settings(local_dir=path, fallback_path=path, next_wrapper=path)
    found = [one.partition(":")[0] for one in problems(settings, search_path="")]
    assert found == [f"APPCONFIG_ENV_{name}" for name in ("LOCAL_DIR", "FALLBACK", "NEXT_WRAPPER")]


def test_settings_without_paths_have_no_problem() -> None:
    assert list(problems(Settings(), search_path="")) == []
