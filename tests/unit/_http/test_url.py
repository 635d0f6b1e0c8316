"""Parsing URLs, and joining paths to them."""

from __future__ import annotations

import pytest

from appconfig_env._http.url import Url


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("http://a", ("http", "a", 80, "", "", "", "")),
        ("HTTPS://a/", ("https", "a", 443, "/", "", "", "")),
        ("http://a:8080/b/c?d=e/f", ("http", "a", 8080, "/b/c", "d=e/f", "", "")),
        ("http://me:p%40s%3A@a", ("http", "a", 80, "", "", "me", "p@s:")),
        ("http://[::1]:80/x", ("http", "::1", 80, "/x", "", "", "")),
        ("https://[::1]", ("https", "::1", 443, "", "", "", "")),
        ("http://a:/", ("http", "a", 80, "/", "", "", "")),
    ],
)
def test_a_url_is_parsed_into_its_parts(text: str, parts: tuple[object, ...]) -> None:
    url = Url(text)
    parsed = (url.scheme, url.host, url.port, url.path, url.query, url.user, url.password)
    assert parsed == parts


@pytest.mark.parametrize(
    "text",
    ["", "a", "a:80", "ftp://a", "http://", "http://:80", "http:///x", "http://a:b", "http://a:65536",
     "http://a:-1", "http://a b", "http://a/\n", "http://ä", "http://[::1", "http://[::1]x", "http://a#b",
     "http://a%41", "http://a]", "http://a[b]", "http://a[::1]",
     "http://m%zz@a", "http://m%ff@a", "http://a:٣", "http://a\\b"],
)  # fmt: skip
def test_an_invalid_url_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Url(text)


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("http://a:80", "a"),
        ("https://a:443", "a"),
        ("https://a:80", "a:80"),
        ("http://[::1]:1", "[::1]:1"),
    ],
)
def test_the_host_header_omits_the_default_port(text: str, authority: str) -> None:
    assert Url(text).authority == authority


@pytest.mark.parametrize(
    ("base", "path", "joined"),
    [
        ("http://a", "/", "/"),
        ("http://a/", "/", "/"),
        ("http://a", "/x", "/x"),
        ("http://a/", "/x", "/x"),
        ("http://a/b", "/", "/b"),
        ("http://a/b/", "/", "/b/"),
        ("http://a/b", "/x", "/b/x"),
        ("http://a/b/", "/x", "/b/x"),
    ],
)
def test_an_apis_path_is_joined_to_the_urls_path(base: str, path: str, joined: str) -> None:
    assert Url(base).join(path) == joined


def test_a_repr_contains_no_password() -> None:
    assert repr(Url("http://me:canary@a/b")) == "<Url http://a:80/b>"
