"""Every claim of the pages about security and reliability has a mutation in each of its files."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from ..support.mutations import MUTATIONS, Claim, Mutation, claims
from ..support.paths import ROOT

CLAIMS = list(claims())


@cache
def text_of(file: str) -> str:
    return (ROOT / file).read_text()


def claims_of(mutation: Mutation) -> list[Claim]:
    return [claim for claim in CLAIMS if claim.text.startswith(mutation.claim)]


def label(mutation: Mutation) -> str:
    return f"{mutation.claim} ({mutation.test})"


def test_every_file_of_every_claim_has_a_mutation() -> None:
    wanted = {(claim.page, claim.text, test) for claim in CLAIMS for test in claim.tests}
    mutated = {
        (claim.page, claim.text, one.test_file) for one in MUTATIONS for claim in claims_of(one)
    }
    assert wanted == mutated


@pytest.mark.parametrize("mutation", MUTATIONS, ids=label)
def test_a_mutation_belongs_to_one_claim_that_names_its_test(mutation: Mutation) -> None:
    (claim,) = claims_of(mutation)
    file, _, test = mutation.test.partition("::")
    assert file in claim.tests
    assert not test or re.search(rf"^def {test}\(", text_of(file), re.MULTILINE)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=label)
def test_the_text_that_a_mutation_replaces_occurs_once(mutation: Mutation) -> None:
    assert text_of(mutation.file).count(mutation.old) == 1
    assert mutation.old != mutation.new


def test_no_mutation_is_listed_twice() -> None:
    assert [one for one, number in Counter(MUTATIONS).items() if number > 1] == []


def test_the_three_ends_of_the_background_child_are_mutated() -> None:
    mutated = {one.old for one in MUTATIONS if one.file.endswith("/background.py")}
    assert len(mutated) == 3, "the runtime is gone, a freeze, the deadline"
