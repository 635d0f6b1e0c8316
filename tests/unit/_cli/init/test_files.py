"""What `init` starts with, and how files are read and written."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from appconfig_env._cli.commands import Misuse
from appconfig_env._cli.init.files import kind_of, kinds, names_in, path_of, read, write
from appconfig_env._cli.init.starter import Edit
from appconfig_env.errors import AppConfigEnvError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("names", "kind", "path"),
    [
        (["template.yaml", "app.py"], "sam", "template.yaml"),
        (["template.yml"], "sam", "template.yml"),
        (["cdk.json"], "cdk", "."),
        (["main.tf"], "terraform", "."),
        (["Dockerfile"], "dockerfile", "Dockerfile"),
    ],
)
def test_the_files_of_a_folder_tell_what_it_is(names: list[str], kind: str, path: str) -> None:
    assert kind_of(names) == kind
    assert path_of(kind, names) == path


def test_without_a_file_the_path_is_the_usual_one() -> None:
    assert [path_of(kind, []) for kind in ("sam", "dockerfile", "local", "cdk")] == [
        "template.yaml",
        "Dockerfile",
        "local",
        ".",
    ]


def test_several_kinds_need_a_choice() -> None:
    names = ["Dockerfile", "template.yaml", "main.tf"]

    assert kinds(names) == ["sam", "terraform", "dockerfile"]
    with pytest.raises(Misuse, match="files for sam, terraform and dockerfile; name one of them"):
        kind_of(names)


def test_a_folder_with_none_of_them_is_misuse() -> None:
    with pytest.raises(Misuse, match=r"neither template.yaml nor cdk.json, \*.tf or Dockerfile"):
        kind_of(["app.py"])


def test_a_text_keeps_its_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\r\nb\n")

    text = read(str(path))
    write(Edit(str(path), text, text + "c\r\n"))

    assert path.read_bytes() == b"a\r\nb\nc\r\n"


@pytest.mark.parametrize(("is_private", "mode"), [(True, 0o600), (False, 0o644)])
def test_a_new_file_is_private_if_it_is_for_secrets(
    tmp_path: Path, mode: int, *, is_private: bool
) -> None:
    path = tmp_path / "new" / "x"

    write(Edit(str(path), None, "x", is_private))

    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("a")
    target.chmod(0o755)
    link.symlink_to(target)

    write(Edit(str(link), "a", "b"))

    assert link.is_symlink()
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("b", 0o755)


def test_what_cannot_be_read_or_written_is_an_error_with_its_path(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")

    with pytest.raises(AppConfigEnvError, match="binary: expected UTF-8 text; convert it"):
        read(str(binary))
    with pytest.raises(AppConfigEnvError, match="none: No such file or directory; correct the"):
        read(str(tmp_path / "none"))
    with pytest.raises(AppConfigEnvError, match="none: No such file or directory; correct the"):
        names_in(str(tmp_path / "none"))
    with pytest.raises(AppConfigEnvError, match="File exists; correct the path"):
        write(Edit(str(binary / "x"), None, "x"))
