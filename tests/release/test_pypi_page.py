"""The project's page on PyPI: the rendered README, and the targets of its links."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readme_renderer import markdown

from tools.pypi_page import page

from ..support.paths import ROOT

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

NEEDED = ("README.md", "LICENSE", "tools/pypi_page.py", "wrapper/appconfig-env")
SETTING = re.compile(r'^repository = ".*?"', re.MULTILINE)
REPOSITORY = "https://git.example/shop/appconfig-env"
BLOB = f"{REPOSITORY}/blob/v1.2.3"


class Page(HTMLParser):
    """The links, images and anchors of the rendered page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        html = markdown.render(text)
        assert html, "PyPI would show plain text"
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self.anchors += [f"#{value}" for name, value in attrs if name == "id"]

    @property
    def broken(self) -> list[str]:
        """The links that lead neither to another page nor to a heading of this one."""
        return [
            link
            for link in self.links
            if not link.startswith("https://") and link not in self.anchors
        ]


def build(repository: str, folder: Path) -> tuple[Path, Path]:
    """Build wheel and sdist of this checkout, with another value of `repository`."""
    tree, dist = folder / "tree", folder / "dist"
    shutil.copytree(ROOT / "appconfig_env", tree / "appconfig_env")
    for name in NEEDED:
        (tree / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    project = (ROOT / "pyproject.toml").read_text()
    changed, times = SETTING.subn(f'repository = "{repository}"', project)
    assert times == 1, "one setting"
    (tree / "pyproject.toml").write_text(changed)
    hatchling(tree, dist)
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    return wheel, sdist


def hatchling(tree: Path, dist: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(dist)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)


def metadata_of(path: Path) -> Message:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            (name,) = [one for one in wheel.namelist() if one.endswith(".dist-info/METADATA")]
            text = wheel.read(name).decode()
    else:
        with tarfile.open(path) as sdist:
            (name,) = [one for one in sdist.getnames() if one.count("/") == 1 and "PKG" in one]
            file = sdist.extractfile(name)
            assert file is not None
            text = file.read().decode()
    return Parser().parsestr(text)


@pytest.fixture(scope="module")
def unpublished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build("", tmp_path_factory.mktemp("unpublished"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return build(REPOSITORY, tmp_path_factory.mktemp("published"))


def test_twine_accepts_wheel_and_sdist_with_and_without_a_repository(
    unpublished: tuple[Path, Path], published: tuple[Path, Path]
) -> None:
    for paths in (unpublished, published):
        command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, paths)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("PASSED") == 2


def test_without_a_repository_the_page_has_no_links_to_files_and_no_urls(
    unpublished: tuple[Path, Path],
) -> None:
    for path in unpublished:
        fields = metadata_of(path)
        rendered = Page(str(fields.get_payload()))

        assert rendered.broken == []
        assert "#user-content-permissions" in rendered.links
        assert fields.get_all("Project-URL") is None
        assert fields.get_all("Dynamic") is None


def test_with_a_repository_every_link_to_a_file_leads_to_the_version_s_tag(
    published: tuple[Path, Path],
) -> None:
    for path in published:
        fields = metadata_of(path)
        tag = f"{REPOSITORY}/blob/v{fields['Version']}/"
        rendered = Page(str(fields.get_payload()))

        named = [link.removeprefix(tag) for link in rendered.links if link.startswith(tag)]
        assert {"SECURITY.md", "CHANGELOG.md", "LICENSE"} <= set(named)
        assert [name for name in named if not (ROOT / name.partition("#")[0]).is_file()] == []
        assert rendered.broken == []
        assert dict(url.split(", ") for url in fields.get_all("Project-URL", [])) == {
            "Source": REPOSITORY,
            "Changelog": f"{tag}CHANGELOG.md",
            "Issues": f"{REPOSITORY}/issues",
        }


def test_a_wheel_built_from_the_sdist_is_identical(
    published: tuple[Path, Path], tmp_path: Path
) -> None:
    wheel, sdist = published
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (tree,) = tmp_path.iterdir()

    hatchling(tree, tmp_path / "dist")

    assert (tmp_path / "dist" / wheel.name).read_bytes() == wheel.read_bytes()


@pytest.mark.parametrize("repository", ["git.example/shop", "http://git.example/a", "https://x/y/"])
def test_a_repository_that_is_not_an_https_url_fails_the_build(
    repository: str, tmp_path: Path
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        build(repository, tmp_path)

    assert b"repository: expected https://HOST/OWNER/NAME, got '" in caught.value.stderr


@pytest.mark.parametrize(
    ("text", "absolute", "plain"),
    [
        ("see [a](docs/a.md).", f"see [a]({BLOB}/docs/a.md).", "see a."),
        ("[the\nlist](a.py#L1)", f"[the\nlist]({BLOB}/a.py#L1)", "the\nlist"),
        ("[`a`](b) [c](d)", f"[`a`]({BLOB}/b) [c]({BLOB}/d)", "`a` c"),
        ("![steps](a.svg)", f"![steps]({REPOSITORY}/raw/v1.2.3/a.svg)", "steps"),
    ],
)
def test_a_relative_link_becomes_absolute_or_its_text(text: str, absolute: str, plain: str) -> None:
    assert page(text, REPOSITORY, "v1.2.3") == absolute
    assert page(text, "", "v1.2.3") == plain


@pytest.mark.parametrize(
    "text",
    [
        "[a](https://docs.example/)",
        "[us](mailto:a@b.example)",
        "[below](#the-snapshot)",
        "`[a](b)`",
        "``[a]`(b)``",
        "in code:\n\n```python\na[0](b)\n[c](d)\n```\n",
    ],
)
def test_absolute_links_and_code_are_not_changed(text: str) -> None:
    assert page(text, REPOSITORY, "v1.2.3") == text
    assert page(text, "", "v1.2.3") == text


@given(st.text(st.sampled_from("[]()!`#: \nab")))
def test_converting_a_page_twice_changes_nothing(text: str) -> None:
    once = page(text, REPOSITORY, "v1.2.3")

    assert page(once, REPOSITORY, "v1.2.3") == once
