"""examples/sam with AWS SAM and cfn-lint. Not proven: what needs an account, `sam deploy`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from ..release.test_template import CFN_LINT, SAM, needs_sam, run
from ..support.paths import ROOT
from .deployed import check, from_cloudformation

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = ROOT / "examples" / "sam" / "template.yaml"
# What `sam validate` does, which prints no result: the transform that CloudFormation applies.
TRANSFORM = """
import sys
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_parse

class ManagedPolicies:
    def load(self):
        return {}

template = yaml_parse(open(sys.argv[1]).read())
validator = SamTemplateValidator(template, ManagedPolicies(), region="us-east-1")
print(validator.get_translated_template_if_valid())
"""


@needs_sam
def test_sam_and_cfn_lint_find_nothing(tmp_path: Path) -> None:
    valid = run(SAM, "validate", "--lint", "--template", TEMPLATE, home=tmp_path)
    linted = run(CFN_LINT, "--include-checks", "I", "--", TEMPLATE, home=tmp_path)

    assert valid.returncode == 0, valid.stdout + valid.stderr
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout + linted.stderr


@needs_sam
def test_the_function_may_read_its_sources_and_nothing_else(tmp_path: Path) -> None:
    result = run(SAM.with_name("python"), "-c", TRANSFORM, TEMPLATE, home=tmp_path)

    assert result.returncode == 0, result.stderr
    template = yaml.safe_load(result.stdout)
    check(from_cloudformation(template))
    content = yaml.safe_load(TEMPLATE.read_text().replace("!", ""))
    path = content["Resources"]["Layer"]["Properties"]["ContentUri"]
    assert (TEMPLATE.parent / path).resolve() == ROOT / "dist" / "appconfig-env-layer.zip"
