"""The site: every document is in its navigation, its links lead somewhere, its lists stay lists."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tools import stage_site as script

from ..support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = script.Site(script.places(), "")
REPOSITORY = "https://git.example/shop/appconfig-env"
PAGES = [name for name in SITE.places if name.endswith(".md")]


def navigation(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
        return
    for one in part if isinstance(part, list) else part.values():
        yield from navigation(one)


def test_every_page_is_in_the_navigation_once() -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text())

    assert sorted(navigation(settings["nav"])) == sorted(SITE.places[name] for name in PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_to_a_file_of_the_site(name: str) -> None:
    text = script.page(name, (ROOT / name).read_text(), SITE)
    here = posixpath.dirname(SITE.places[name])
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)

    for target in re.findall(r"\]\((?!https://)([^)\s#]+)", prose):
        assert posixpath.normpath(posixpath.join(here, target)) in SITE.places.values(), target


@pytest.mark.parametrize("name", PAGES)
def test_only_indentation_marks_and_links_differ_from_the_document(name: str) -> None:
    text = (ROOT / name).read_text()
    staged = script.page(name, text, SITE)

    assert words(staged) == words(text)


def words(text: str) -> list[str]:
    without_marks = re.sub(r"(?<!`)<!-- /?[\w-]+:[\w-]+ -->(?!`)", "", text)
    return re.sub(r"!?\[([^\[\]]*)\]\([^()\s]+\)", r"\1", without_marks).split()


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](../glossary.md#x)", "[a](../glossary.md#x)"),
        ("[a](../../README.md)", "[a](../index.md)"),
        ("[a](../../SECURITY.md#x)", "[a](../security.md#x)"),
        ("![a](../performance/start.svg)", "![a](../performance/start.svg)"),
        ("[a](../../tools/page.py)", "a"),
        ("[a](#x)", "[a](#x)"),
        ("[a](https://docs.example/)", "[a](https://docs.example/)"),
        ("`[a](b)`", "`[a](b)`"),
        ("<!-- a:b -->c<!-- /a:b -->", "c"),
        ("`<!-- a:b -->` [a](../../tools/page.py)", "`<!-- a:b -->` a"),
        ("  ```text\n  [a](b)\n  ```", "  ```text\n  [a](b)\n  ```"),
    ],
)
def test_a_link_leads_to_a_place_of_the_site_or_becomes_its_text(link: str, expected: str) -> None:
    assert script.linked("docs/guides/costs.md", link, SITE) == expected


def test_with_a_repository_a_link_to_a_source_leads_there() -> None:
    site = script.Site(SITE.places, REPOSITORY)

    found = script.linked("docs/guides/costs.md", "[a](../../tools/page.py#L1)", site)

    assert found == f"[a]({REPOSITORY}/blob/main/tools/page.py#L1)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n  - b\n    - c\n- d", "- a\n    - b\n        - c\n- d"),
        ("- a\n  more\n\n  more", "- a\n    more\n\n    more"),
        ("1. a\n\n   ```sh\n   b\n     c\n   ```", "1. a\n\n    ```sh\n    b\n      c\n    ```"),
        ("a:\n- b\n- c", "a:\n\n- b\n- c"),
        ("10. a\n    b\n\nc", "10. a\n    b\n\nc"),
        ("```text\n- a\n  - b\n```", "```text\n- a\n  - b\n```"),
    ],
)
def test_each_level_of_a_list_has_four_spaces(text: str, expected: str) -> None:
    assert "\n".join(script.indented(text.split("\n"))) == expected


@given(st.text(st.sampled_from("ab -1.\n`"), max_size=40))
def test_text_without_indentation_and_lists_is_not_changed(text: str) -> None:
    lines = [line.strip(" -") for line in text.split("\n")]
    lines = [line for line in lines if not re.match(r"\d+\.|`", line)]

    assert list(script.indented(lines)) == lines


def test_pictures_are_staged_and_no_two_files_have_one_place() -> None:
    pictures = [name for name in SITE.places if name.endswith(".svg")]

    assert "docs/how-it-works.svg" in pictures
    assert SITE.places["README.md"] == "index.md"
    assert len(set(SITE.places.values())) == len(SITE.places)
