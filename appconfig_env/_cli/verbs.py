"""The verbs of the command, each listed once: usage, nearest verb and completion come from here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Exit codes of every verb; `run` has those of the command that it executes, or of a shell.
OK, PROBLEMS, MISUSED = 0, 1, 2
EXIT_CODES = (
    (OK, "success"),
    (PROBLEMS, "problems were found: invalid settings, a source without a value, a failed check"),
    (MISUSED, "the command line is wrong, or the verb needs appconfig-env[cli]"),
)
EXTRA = "appconfig-env[cli]"  # what pip installs for the verbs that need click and rich


class Verb:
    """One verb.

    Attributes:
        name: the word; also the module of this package that has it.
        arguments: what follows it, for the usage.
        summary: what it does, as an imperative.
        example: command lines for its help, each after a comment line that says what it does.
        needs_extra: whether its module has a click command as `command`, which needs EXTRA; others
            have a function `main`, which takes the words after the verb.
    """

    __slots__ = ("arguments", "example", "name", "needs_extra", "summary")

    def __init__(
        self, name: str, arguments: str, summary: str, example: str, *, needs_extra: bool = False
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.summary = summary
        self.example = example
        self.needs_extra = needs_extra

    @property
    def usage(self) -> str:
        """Its line of the usage."""
        return f"appconfig-env {self.name} {self.arguments}".rstrip()

    def __repr__(self) -> str:
        return f"<Verb {self.name}>"


VERBS = (
    Verb(
        "run",
        "[OPTION ...] -- COMMAND [ARGUMENT ...]",
        "resolve references, then exec COMMAND",
        """\
# start a program with the parameters below a path in its environment
appconfig-env run --source ssm:/shop/prod/ -- python app.py
# with the function's variables from a file, and a local folder in place of AWS
appconfig-env run --env-file .env --local-dir config --watch -- python app.py""",
    ),
    Verb(
        "check",
        "[--online] [--concurrency N] [--strict] [--env-file FILE] [--json]",
        "check every setting and source; exit with 1 if one is wrong",
        """\
# in CI, without AWS, with the function's variables from a file
appconfig-env check --env-file function.env
# with AWS, and with its quotas for 1,000 environments at the same time
appconfig-env check --online --concurrency 1000""",
        needs_extra=True,
    ),
    Verb(
        "show",
        "[--env-file FILE] [--json]",
        "show names, sources, versions and which source wins; values are masked",
        """\
# which source sets what
appconfig-env show""",
        needs_extra=True,
    ),
    Verb(
        "get",
        "NAME|REFERENCE [--env-file FILE] [--json]",
        "print one value",
        """\
# the value of a variable
appconfig-env get DB_HOST
# what a reference stands for, whatever the sources are
appconfig-env get secretsmanager:shop/db#password""",
        needs_extra=True,
    ),
    Verb(
        "export",
        "[--format dotenv|json|shell|github] [--env-file FILE] [--json]",
        "print all variables, with their values, in the form of another program",
        """\
# set them in a shell
eval "$(appconfig-env export --format shell)"
# set them for the next steps of a GitHub workflow
appconfig-env export --format github >> "$GITHUB_ENV"
# write a dotenv file, with all values
appconfig-env export > .env""",
        needs_extra=True,
    ),
    Verb(
        "completion",
        "bash|zsh|fish [--json]",
        "print the script by which a shell completes verbs and options",
        """\
# for bash: a line of ~/.bashrc
eval "$(appconfig-env completion bash)"
# for zsh: a line of ~/.zshrc, after compinit
eval "$(appconfig-env completion zsh)"
# for fish: once
appconfig-env completion fish > ~/.config/fish/completions/appconfig-env.fish""",
        needs_extra=True,
    ),
    Verb(
        "policy",
        "[--format json|yaml|sam] [--check FILE] [--env-file FILE] [--json]",
        "print the least-privilege IAM policy for the sources, or check one",
        """\
# the policy of the function's role
appconfig-env policy --account 123456789012
# the same as the Policies of a function in a SAM template
appconfig-env policy --format sam
# what the function in a template is allowed too much or too little, for CI
appconfig-env policy --check template.yaml --function Shop""",
        needs_extra=True,
    ),
    Verb(
        "pull",
        "[FOLDER] [--overwrite] [--dry-run] [--env-file FILE] [--json]",
        "write what AWS has to a local folder, secrets as placeholders",
        """\
# for development: start with the folder in place of AWS
appconfig-env pull local
# what would be written, and what differs from AWS
appconfig-env pull local --dry-run""",
        needs_extra=True,
    ),
    Verb(
        "diff",
        "[FOLDER] [--env-file FILE] [--json]",
        "compare a local folder with AWS, without showing values",
        """\
# which names are missing, and which values differ
appconfig-env diff local""",
        needs_extra=True,
    ),
    Verb(
        "init",
        "[KIND] [--source REFERENCE ...] [--env-file FILE] [--write] [--json]",
        "add it to a SAM template, CDK app, Terraform module, Dockerfile or local folder",
        """\
# what would be added to the template in this folder
appconfig-env init --source ssm:/shop/prod/ --source secretsmanager:prod/db
# the same, written
appconfig-env init --source ssm:/shop/prod/ --source secretsmanager:prod/db --write
# a local folder with a placeholder for each value
appconfig-env init local --source ssm:/shop/prod/host --write""",
        needs_extra=True,
    ),
    Verb(
        "bake",
        "[--output FILE] [--json]",
        "write a fallback snapshot to ship with a function, without secrets",
        """\
# at build time, with the function's variables
appconfig-env bake --output fallback.json""",
    ),
    Verb(
        "trace",
        "[--output FILE] [--width COLUMNS] [--json]",
        "run a cold start without executing a command, and draw its waterfall",
        """\
# draw the waterfall, and write it as a picture too
appconfig-env trace --output start.svg""",
    ),
    Verb(
        "layer",
        "[--output FILE] [--python PATH ...] [--limit KIB] [--json]",
        "build the Lambda layer",
        """\
# with byte code for one Python only
appconfig-env layer --python 3.13 --output layer.zip""",
    ),
)
OPTIONS = ("--version", "--help")  # in place of a verb
WRAPPER = "/path/to/appconfig-env COMMAND [ARGUMENT ...]    (as AWS_LAMBDA_EXEC_WRAPPER)"
ABOUT_HELP = "appconfig-env VERB --help describes a verb, with an example."
ABOUT_SOURCES = """\
Sources are configured in the environment: APPCONFIG_ENV_SOURCES is a list of references
such as ssm:/shop/prod/ or appconfig:shop/prod/app, and any variable's value can be a
reference: DB_PASSWORD=secretsmanager:prod/db#password
"""


def find(name: str) -> Verb | None:
    """Return the verb of this name; None if there is none."""
    return next((verb for verb in VERBS if verb.name == name), None)


def names() -> list[str]:
    """Return all that can follow the command's name, for the nearest one of a wrong word."""
    return [*(verb.name for verb in VERBS), *OPTIONS]


def usage(verbs: Sequence[Verb] = VERBS) -> str:
    """Return the usage of the command."""
    lines = [*(verb.usage for verb in verbs), f"appconfig-env {' | '.join(OPTIONS)}", WRAPPER]
    forms = "\n       ".join(lines)
    width = max(len(verb.name) for verb in verbs) + 2
    summaries = "\n".join(f"{verb.name:{width}}{verb.summary}" for verb in verbs)
    codes = "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES)
    about = f"{ABOUT_HELP}\n{ABOUT_SOURCES}\nexit codes:\n{codes}\n"
    return f"usage: {forms}\n\n{summaries}\n\n{about}"
