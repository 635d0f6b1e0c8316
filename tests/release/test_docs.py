"""The pages against the repository: links, make targets, the workflow's jobs, the example."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from appconfig_env._helper.helper import Helper
from tools.shards import shard

from ..support.paths import ROOT, checkout_files

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(name for name in checkout_files() if name.endswith(".md"))
ADDRESSES = {
    "docs.pydantic.dev",
    "hypothesis.readthedocs.io",
    "keepachangelog.com",
    "openfeature.dev",
    "pre-commit.com",
    "semver.org",
}
# In messages, where nothing is, and AWS's agent.
EXAMPLES = {"127.0.0.1:80", "127.0.0.1:9", "host:port", "localhost:2772"}
MAKEFILE = (ROOT / "Makefile").read_text()
WORKFLOW: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]


def read(page: str) -> str:
    return (ROOT / page).read_text()


def prose(page: str) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", read(page), flags=re.DOTALL | re.MULTILINE)


def anchors(page: str) -> set[str]:
    """The anchors that GitHub makes from headings: `## When AWS fails` is #when-aws-fails."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    nowhere = []
    for link in re.findall(r"\]\((?!https://)([^)\s]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors(str(target))):
            nowhere.append(link)

    assert nowhere == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_in_a_page_exists(page: str) -> None:
    text = read(page)
    named = set(
        re.findall(r"(?:`|^ *\$ (?:make clean && )?)make ([a-z][a-z0-9-]+)", text, re.MULTILINE)
    )

    assert {name for name in named if f"\n{name}:" not in MAKEFILE} == set()


@pytest.mark.parametrize("page", PAGES)
def test_there_is_one_sentence_on_a_line(page: str) -> None:
    marker = re.compile(r"^ *(?:\d+\.|-)(?: \[ \])? ")  # of a list
    lines = [marker.sub("", line) for line in prose(page).splitlines() if line[:1] != "|"]

    assert [line for line in lines if re.search(r"[.?!)]\*{0,2} [A-Z]\w* ", line)] == []


def test_the_example_of_a_test_passes_and_can_fail() -> None:
    (block,) = re.findall(
        r"^```python\n(.*?)^```", read("CONTRIBUTING.md"), re.DOTALL | re.MULTILINE
    )
    scopes: list[dict[str, Any]] = [{"Helper": Helper}, {"Helper": lambda _: Helper({})}]
    for scope in scopes:
        exec(block, scope)
    (name,) = re.findall(r"def (test_\w+)", block)

    scopes[0][name]()
    with pytest.raises(AssertionError):
        scopes[1][name]()


def test_every_place_of_a_setting_in_contributing_mentions_it() -> None:
    found = re.search(r"`grep -rni (?:--\S+ )+(\w+) ([\w./ ]+)`", read("CONTRIBUTING.md"))

    assert found
    for place in found[2].split():
        files = [path for end in ("py", "md") for path in (ROOT / place).rglob(f"*.{end}")]
        assert [path for path in files if found[1] in path.read_text().lower()], place


def test_each_test_folder_is_listed_once() -> None:
    table = re.findall(r"^\| `(\w+)` \|", read("CONTRIBUTING.md"), re.MULTILINE)

    assert len(set(table)) == len(table) == 13


@pytest.mark.parametrize("page", PAGES)
def test_no_address_is_invented(page: str) -> None:
    hosts = set(re.findall(r"https?://(\w[^/)\s`]*)", read(page)))

    assert hosts <= ADDRESSES | EXAMPLES
    accounts = set(re.findall(r"arn:aws[\w-]*:[\w-]+:[\w-]*:([^:\s]*)", read(page)))
    assert accounts <= {"111122223333", r"\*", "*", "ACCOUNT"}, "AWS's own examples, or none"


def test_the_setting_in_releasing_is_in_pyproject() -> None:
    ((name, table),) = re.findall(r"`(\w+)` under `\[([\w.]+)\]`", read("RELEASING.md"))
    found: Any = tomllib.loads(read("pyproject.toml"))
    for key in table.split("."):
        found = found[key]

    assert isinstance(found[name], str)


@pytest.mark.parametrize("job", JOBS)
def test_a_job_of_the_workflow_runs_targets_that_exist(job: str) -> None:
    commands = "\n".join(step.get("run", "") for step in JOBS[job]["steps"])
    named = set(re.findall(r"^make ([a-z][a-z0-9-]+)", commands, re.MULTILINE))

    assert named or job in ("reproducible", "passed")
    assert {name for name in named if f"\n{name}:" not in MAKEFILE} == set()


def test_only_runs_of_one_pull_request_cancel_each_other() -> None:
    group = WORKFLOW["concurrency"]["group"]

    assert re.findall(r"\$\{\{ (.+?) \}\}", group) == [
        "github.workflow",
        "github.event.pull_request.number || github.run_id",
    ]


def test_every_job_must_pass() -> None:
    assert set(JOBS["passed"]["needs"]) == set(JOBS) - {"passed"}


def test_jobs_can_only_read_the_sources_and_have_a_timeout() -> None:
    assert WORKFLOW["permissions"] == {}
    for name, job in JOBS.items():
        assert job["permissions"] in ({}, {"contents": "read"}), name
        assert job["timeout-minutes"] <= 30, name


def test_the_workflow_tests_every_python_in_the_classifiers() -> None:
    classifiers = tomllib.loads(read("pyproject.toml"))["project"]["classifiers"]
    claimed = {one.rpartition(" ")[2] for one in classifiers if ":: 3." in one}

    assert claimed <= set(JOBS["pythons"]["strategy"]["matrix"]["python"])


def test_the_workflow_runs_all_shards() -> None:
    shards = JOBS["suite"]["strategy"]["matrix"]["shard"]

    assert shards == [f"{number}/{len(shards)}" for number in range(1, len(shards) + 1)]


@given(st.sets(st.text(min_size=1)), st.integers(1, 9))
def test_every_file_is_in_exactly_one_shard(files: set[str], count: int) -> None:
    parts = [shard(list(files), f"{number}/{count}") for number in range(1, count + 1)]

    assert sorted(one for part in parts for one in part) == sorted(files)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("part", ["", "0/4", "5/4", "1", "1/0", "a/b", "1/4 2/4"])
def test_a_part_that_does_not_exist_is_rejected(part: str) -> None:
    with pytest.raises(
        ValueError,
        match=f"expected a part such as 2/4, got '{part}'; run make test-shard SHARD=1/4",
    ):
        shard(["a"], part)


# A substitution whose failure the command around it does not survive, or need not.
HARMLESS = {
    "$$(nproc)": "make without a number runs all linters at once",
    "$$(printf '\\t')": "cannot fail",
    "$$(uname -m | sed 's/aarch64/arm64/')": "no file of such a name can be copied",
}


def recipe_lines() -> list[str]:
    """The lines of all recipes; those that end in a backslash together with the next one."""
    lines = MAKEFILE.replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.startswith("\t")]


def test_a_recipe_ends_if_a_command_fails_whose_output_it_uses() -> None:
    used = [line for line in recipe_lines() if "$$(" in line]

    unchecked = [
        line
        for line in used
        if not re.match(r"@[a-z]+=\$\$\(.*\) \|\| exit 1;", line)
        and not any(one in line for one in HARMLESS)
    ]

    assert len(used) > len(HARMLESS)
    assert unchecked == []


def test_a_shard_that_does_not_exist_runs_no_test(tmp_path: Path) -> None:
    (tmp_path / "python").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n'
        f'case $1 in tools/*) exec {sys.executable} "$@" ;; esac\n'
    )
    (tmp_path / "python").chmod(0o755)
    (line,) = [one for one in recipe_lines() if "tools/shards.py" in one]
    script = line.removeprefix("@").replace("$(BIN)", str(tmp_path)).replace("$$", "$")
    for name, value in (("PYTEST", "-m pytest"), ("SHARD", "5/4"), ("ARGS", "")):
        script = script.replace(f"$({name})", value)

    done = subprocess.run(
        ["/bin/sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "got '5/4'; run make test-shard SHARD=1/4" in done.stderr
    assert (tmp_path / "calls").read_text() == "tools/shards.py 5/4\n"
