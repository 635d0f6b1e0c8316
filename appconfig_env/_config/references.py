"""Parses references, `SCHEME:LOCATOR[?OPTION=VALUE&...][#KEY]`, into sources; pure."""

from __future__ import annotations

from . import options as _options
from .options import decoded
from .sources import APPCONFIG, SCHEMES, SECRETS_MANAGER, SSM, Resource, Source, scheme_of
from .wording import nearest_note, quoted

FIX = "correct the reference"
SEPARATORS = (",", ";")
SEPARATE = "separate references with white space, not commas or semicolons"
NOT_SEPARATED = f"{SEPARATE}; write a comma in a name as %2C, a semicolon as %3B"
KEY_OR_DEFAULT = (
    "a # after default= may be part of the value or begin #KEY; write it as %23, or put #KEY "
    "before the options, as in ssm:/x#key?default=VALUE"
)
# Amazon ECS's form of a secret in a task definition. Neither an ARN of a secret nor its name has
# other colons than those that are counted here.
ECS_FORM = (
    "expected an ARN, or ARN:KEY:STAGE:VERSION, whose parts may be empty (ARN:password::); write "
    "all three colons"
)
ARN_COLONS = 6
ECS_COLONS = ARN_COLONS + 3
NO_COLON = (
    "a secret's name has no colon; write a key after it as #KEY, a staging label as ?stage=, a "
    "version ID as ?version="
)
WILDCARD = "wildcards are not expanded; "
WILDCARD_IN = {
    SSM: WILDCARD + "name a path such as ssm:/shop/prod/",
    SECRETS_MANAGER: WILDCARD + "name one secret",
}
WILDCARD_IN_NAME = WILDCARD + "write a * in a name as %2A"
RELATIVE = (
    "expected a / before a path, and before a name with a / in it, as in ssm:/shop/prod/; add it"
)
SELECTOR = "expected one version or label after a name, as in ssm:/x:3 or ssm:/x:good; correct it"
# What other tools expand; AppConfig allows both in names.
PLACEHOLDERS = ("${", "{{")
NOT_EXPANDED = "variables are not expanded; write the name itself, or $ and { in it as %24 and %7B"


class ReferenceProblems(ValueError):  # noqa: N818 - it holds several errors
    """All errors of one reference."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = list(dict.fromkeys(problems))
        super().__init__("; ".join(self.problems))


def is_reference(value: str) -> bool:
    """Whether a variable's value is a reference: it starts with a scheme other than `file:`."""
    scheme = scheme_of(value)
    return scheme in SCHEMES and SCHEMES[scheme].in_place


# How many letters may be wrong, missing or swapped in a scheme, and whether it is then an error:
# words that are almost `ssm` are common in other values.
_NEAR = ((APPCONFIG, 2, True), (SECRETS_MANAGER, 2, True), (SSM, 1, False))
# What other tools put around a reference; they need no white space there.
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"  # also typographic ones, as word processors write them
_OTHER_TOOLS = (
    "{{resolve:ssm", "{{resolve:secretsmanager", "{{resolve:appconfig", "${ssm:",
    "${secretsmanager:", "${appconfig:", "{{ssm:", "{{secretsmanager:", "{{appconfig:",
)  # fmt: skip
# What AWS accepts in the names of parameters and secrets and in ARNs, besides letters and digits.
_NAME_CHARACTERS = "/_+=.@-!:%"
_ALPHANUMERIC = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# PutParameter and CreateSecret document them; services that create secrets use ! (rds!cluster-1).
_OF_PARAMETERS = "._-/"
_OF_SECRETS = "/_+=.@-!"
_SECRETS_AS_PARAMETERS = "/aws/reference/secretsmanager/"  # before a secret's name
# What follows the account in an ARN.
_ARN_TYPES = {SSM: ("ssm", "parameter/"), SECRETS_MANAGER: ("secretsmanager", "secret:")}


SPACE_AFTER_SSM = "resembles ssm:/x, but has a space after the colon; remove the space"


class NearMiss:
    """A value that is not a reference, but looks like one with a mistake.

    Attributes:
        reason: what is wrong, and the remedy; without the value.
        is_certain: whether it can hardly be an ordinary value: then it is an error.
    """

    __slots__ = ("is_certain", "reason")

    def __init__(self, reason: str, *, is_certain: bool) -> None:
        self.reason = reason
        self.is_certain = is_certain


def near_miss(value: str) -> NearMiss | None:
    """Return what is wrong with a value that is almost a reference; None for any other value.

    The value of a variable that is configured on the function: called for each one at startup, so
    the first tests are cheap.
    """
    if "{{" in value or "${" in value:
        squeezed = "".join(value.split()).lower()
        if any(mark in squeezed for mark in _OTHER_TOOLS):
            reason = "looks like another tool's reference, which is not resolved here"
            return NearMiss(f"{reason}; write SCHEME:NAME alone, such as ssm:/x", is_certain=False)
    bare = value.strip().strip(_QUOTES).strip()
    written, colon, rest = bare.partition(":")
    if not colon or len(written) > 2 * len(SECRETS_MANAGER):
        return None
    scheme = written.lower().replace("-", "").replace("_", "").replace(" ", "")
    if scheme in (APPCONFIG, SECRETS_MANAGER, SSM):
        return _near_miss_of(scheme, written, rest)
    for known, most, is_certain in _NEAR:
        if distance(scheme, known, most) <= most and _is_plausible(known, rest):
            if is_certain or rest.startswith("/"):
                return NearMiss(_did_you_mean(written, known), is_certain=is_certain)
            return None
    return None


def _near_miss_of(scheme: str, written: str, rest: str) -> NearMiss | None:
    """Return what is wrong with a value whose scheme is written in another form."""
    if not _is_plausible(scheme, rest):
        path = rest.lstrip()
        # After a space, other text is a sentence; only a path can hardly be one.
        if scheme == SSM and path.startswith("/") and _is_plausible(SSM, path):
            return NearMiss(SPACE_AFTER_SSM, is_certain=False)
        return None
    if written != scheme:
        is_certain = scheme != SSM or "/" in rest  # SSM:debug may be the level of a log
        return NearMiss(_did_you_mean(written, scheme), is_certain=is_certain)
    reason = "is a reference between quotation marks or white space; remove them"
    return NearMiss(reason, is_certain=True)


def _did_you_mean(written: str, scheme: str) -> str:
    return f"begins with {written}:, did you mean {scheme}:? Correct it"


def _is_plausible(scheme: str, rest: str) -> bool:
    """Whether what follows the scheme has the form of a name, whatever its key and options.

    Not whether it is valid: a value with two mistakes must not reach the program either.
    """
    path = rest.partition("#")[0].partition("?")[0]
    if scheme == APPCONFIG:
        parts = path.split("/")
        return len(parts) == 3 and all(part and part == part.strip() for part in parts)
    is_name = path.isascii() and all(one.isalnum() or one in _NAME_CHARACTERS for one in path)
    return bool(path) and is_name and "//" not in path


def distance(one: str, other: str, most: int) -> int:
    """Return the number of edits between two words, or more than `most` if there are more.

    Edits are letters that are wrong, missing, too many or swapped (optimal string alignment).
    Written here because difflib would cost 5 ms of each cold start with a URL in its environment.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = last, row, [i]
        for j, wanted in enumerate(other, 1):
            edits = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                edits = min(edits, before[j - 2] + 1)
            row.append(edits)
        if min(row) > most:
            return most + 1
    return row[-1]


def without_options(text: str) -> str:
    """Return what a message may show of a text that is not a reference: a default may be secret."""
    return text.partition("?")[0].partition("&")[0]


def parse(text: str, variable: str = "") -> Source:
    """Parse a reference.

    Args:
        text: what the user wrote.
        variable: the variable whose value it is; empty if it comes from a list.

    Raises:
        ReferenceProblems: `text` is not a valid reference; has every error.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in SCHEMES:
        schemes = [f"{known}:" for known in SCHEMES]
        near = nearest_note(scheme.strip(_QUOTES) + colon, schemes) if colon else ""
        known = ", ".join(schemes)
        raise ReferenceProblems(
            [f"expected a reference that starts with one of {known}{near}; {FIX}"]
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ReferenceProblems([f"expected UTF-8 text; {FIX}"]) from None
    problems: list[str] = []
    path, query, key_text = _split(rest, problems)
    options = {} if query is None else _options.read(query, problems)
    key = () if key_text is None else _key(key_text, problems)
    if scheme == SECRETS_MANAGER and path.count(":") > ARN_COLONS and path.startswith("arn:"):
        path, key = _from_ecs(path, key, options, problems)
    parts = _parts(scheme, path, problems)
    _reject_contradictions(scheme, parts, key, options, problems)
    if variable:
        _reject_in_place(scheme, parts, options, problems)
    if problems:
        raise ReferenceProblems(problems)
    return _source(scheme, parts, key, options, variable)


def parse_prefetch(text: str, setting: str = "") -> Source:
    """Parse one item of AWS's prefetch list.

    Args:
        text: `A:E:C` or `/applications/A/environments/E/configurations/C`.
        setting: the variable that holds the list.

    Raises:
        ReferenceProblems: `text` has neither form.
    """
    fields = text.split("/")
    if text.startswith("/") and len(fields) == 7:
        words, names = fields[1::2], fields[2::2]
        is_valid = words == ["applications", "environments", "configurations"]
    else:
        names = text.split(":")
        is_valid = len(names) == 3
    if not is_valid or not all(names):
        forms = (
            "APPLICATION:ENVIRONMENT:PROFILE or "
            "/applications/APPLICATION/environments/ENVIRONMENT/configurations/PROFILE"
        )
        raise ReferenceProblems([f"expected {forms}; correct the item"])
    problems: list[str] = []
    if ";" in text:
        problems.append(
            "separate items with commas, not semicolons; write a semicolon in a name as %3B"
        )
    if "*" in text:
        problems.append("wildcards are not expanded; name a profile, or write a * in a name as %2A")
    if any(mark in text for mark in PLACEHOLDERS):
        problems.append(NOT_EXPANDED)
    parts = _decoded(names, problems)
    if problems:
        raise ReferenceProblems(problems)
    return Source(Resource(APPCONFIG, parts), setting=setting)


def _split(rest: str, problems: list[str]) -> tuple[str, str | None, str | None]:
    """Split what follows the scheme into name, options and key; None for what is not there.

    As in a URI, the key is last. It may also be before the options, which is the one place for it
    if they end in a default: there a # could be part of the value, which may be secret.
    """
    before, hash_sign, after = rest.partition("#")
    name, question, query = before.partition("?")
    if question:
        if hash_sign and query.rpartition("&")[2].startswith("default="):
            problems.append(KEY_OR_DEFAULT)
            return name, query, None
        return name, query, after if hash_sign else None
    key, question, query = after.partition("?")
    query, second, _ = query.partition("#")
    if second:
        problems.append("a second # follows the options; write it as %23, or remove it")
    return name, query if question else None, key if hash_sign else None


def _source(
    scheme: str,
    parts: tuple[str, ...],
    key: tuple[str, ...],
    options: dict[str, object],
    variable: str,
) -> Source:
    of_resource = {
        name: options.pop(name)
        for name in ("recursive", "stage", "version", "format")
        if name in options
    }
    if "as" in options:
        options["as_name"] = options.pop("as")
    resource = Resource(scheme, parts, **of_resource)  # type: ignore[arg-type]  # as _options.read returns them
    return Source(resource, key, variable=variable, **options)  # type: ignore[arg-type]


def _decoded(fields: list[str], problems: list[str]) -> tuple[str, ...]:
    try:
        parts = tuple(decoded(field) for field in fields)
    except ValueError as error:
        problems.append(str(error))
        return ("?",)
    # Lone surrogates (bytes that are not UTF-8) are not printable either.
    if any(not part.isprintable() or part != part.strip() for part in parts):
        problems.append(
            "expected a printable name without leading or trailing white space; correct the name"
        )
        return ("?",)
    return parts


def _from_ecs(
    path: str, key: tuple[str, ...], options: dict[str, object], problems: list[str]
) -> tuple[str, tuple[str, ...]]:
    """Return the ARN and the key of `ARN:KEY:STAGE:VERSION`; add the others to `options`.

    As for ECS, KEY is one member of the document, even if its name has a dot.
    """
    if any(mark in path for mark in ("&", "*", *SEPARATORS)):
        return path, key  # see _parts
    fields = path.split(":")
    arn = ":".join(fields[: ARN_COLONS + 1])
    if len(fields) != ECS_COLONS + 1:
        problems.append(ECS_FORM)
        return arn, key
    given = _decoded(fields[ARN_COLONS + 1 :], problems)
    if len(given) != ECS_COLONS - ARN_COLONS:
        return arn, key
    for name, text in zip(("stage", "version"), given[1:], strict=True):
        if text and name in options:
            problems.append(f"option {name} is already a part of the ARN; remove one of them")
        if text:
            options[name] = text
    if given[0] and key:
        problems.append("#KEY is already a part of the ARN; remove one of them")
    return arn, (given[0],) if given[0] else key


def _is_list(scheme: str, path: str) -> bool:
    """Whether commas or semicolons separate or end references; they are not in names at AWS.

    Only AppConfig allows them in names, and file systems do; white space separates sources, so
    what follows the comma is a text of its own.
    """
    marks = [mark for mark in SEPARATORS if mark in path]
    if scheme in _ARN_TYPES or not marks:
        return bool(marks)
    follows = any(f"{mark}{other}:" in path for mark in marks for other in SCHEMES)
    return follows or path.endswith(SEPARATORS)


def _parts(scheme: str, path: str, problems: list[str]) -> tuple[str, ...]:
    if "&" in path:
        problems.append("expected ? before the first option; write a & in a name as %26")
        return ("?",)
    if _is_list(scheme, path):
        problems.append(SEPARATE if scheme in _ARN_TYPES else NOT_SEPARATED)
        return ("?",)
    if "*" in path:
        problems.append(WILDCARD_IN.get(scheme, WILDCARD_IN_NAME))
        return ("?",)
    if any(mark in path for mark in PLACEHOLDERS):
        problems.append(NOT_EXPANDED)
        return ("?",)
    count = len(problems)
    parts = _decoded(path.split("/") if scheme == APPCONFIG else [path], problems)
    if len(problems) > count:
        return parts
    if scheme == APPCONFIG and (len(parts) != 3 or not all(parts)):
        problems.append(
            "expected appconfig:APPLICATION/ENVIRONMENT/PROFILE; write a / in a name as %2F"
        )
    elif not all(parts):
        problems.append(f"expected a name after {scheme}:, got none; add it")
    elif scheme == SSM:
        problems += parameter_problems(parts[0])
    elif scheme == SECRETS_MANAGER:
        problems += _secret_problems(parts[0])
    return parts


def parameter_problems(name: str) -> list[str]:
    """Return what Parameter Store would refuse in a name, a path or an ARN."""
    if name.startswith("arn:"):
        own = _in_arn(SSM, name)
        if own is None:
            return [_wrong_arn(SSM, name)]
    else:
        own = name
    bare, colon, selector = own.partition(":")
    if "/" in name and not name.startswith(("/", "arn:")):
        return [RELATIVE]
    if "//" in name:
        return ["expected single slashes, as in ssm:/shop/prod/; remove the others"]
    if colon and (not selector or bare.endswith("/") or any(one in selector for one in ":/")):
        return [SELECTOR]
    allowed = _OF_PARAMETERS
    if bare.startswith(_SECRETS_AS_PARAMETERS):
        allowed = _OF_SECRETS
    return _odd_characters(bare + selector, allowed, "a parameter's name")


def _secret_problems(name: str) -> list[str]:
    """Return what Secrets Manager would refuse in a name or an ARN."""
    own: str | None = name
    if name.startswith("arn:"):
        own = _in_arn(SECRETS_MANAGER, name)
        if own is None:
            return [_wrong_arn(SECRETS_MANAGER, name)]
    if not own or ":" in own:
        return [NO_COLON]
    return _odd_characters(own, _OF_SECRETS, "a secret's name")


def _odd_characters(name: str, allowed: str, what: str) -> list[str]:
    if not name.strip(_ALPHANUMERIC + allowed):  # what is left begins with another character
        return []
    odd = dict.fromkeys(one for one in name if one not in _ALPHANUMERIC + allowed)
    got = ", ".join(map(quoted, odd))
    return [f"expected letters, digits and {allowed} in {what}, got {got}; correct the name"]


def _in_arn(scheme: str, arn: str) -> str | None:
    """Return the name in an ARN; None if it is none of the scheme's service."""
    service, kind = _ARN_TYPES[scheme]
    fields = arn.split(":", 5)
    if len(fields) < 6 or fields[2] != service or not fields[5].startswith(kind):
        return None
    return fields[5].removeprefix(kind)


def _wrong_arn(scheme: str, arn: str) -> str:
    service, kind = _ARN_TYPES[scheme]
    other = next((one for one in _ARN_TYPES if one != scheme and _in_arn(one, arn) is not None), "")
    remedy = f"write {other}:ARN for this one" if other else "correct it"
    return f"expected an ARN such as arn:aws:{service}:REGION:ACCOUNT:{kind}NAME; {remedy}"


def _key(text: str, problems: list[str]) -> tuple[str, ...]:
    if "?" in text or "#" in text:
        problems.append("a key has a # or a ?; write # and ? in a key as %23 and %3F")
        return ()
    try:
        key = tuple(decoded(segment) for segment in text.split("."))
    except ValueError as error:
        problems.append(str(error))
        return ()
    if text.endswith(SEPARATORS):
        problems.append(NOT_SEPARATED)
    if not all(key):
        problems.append(
            "expected a key after #, with its parts separated by single dots; correct it"
        )
    return key


def _reject_contradictions(
    scheme: str,
    parts: tuple[str, ...],
    key: tuple[str, ...],
    options: dict[str, object],
    problems: list[str],
) -> None:
    is_path = scheme == SSM and parts[0].endswith("/")
    if "recursive" in options and not is_path:
        problems.append(
            "option recursive applies only to a path, such as in ssm:/shop/prod/; remove it"
        )
    if scheme != SECRETS_MANAGER:
        remedy = "write ssm:NAME:VERSION or ssm:NAME:LABEL" if scheme == SSM else "remove it"
        problems.extend(
            f"option {name} applies only to secrets; {remedy}"
            for name in ("stage", "version")
            if name in options
        )
    if key and options.get("format") in ("text", "binary"):
        problems.append(
            f"#KEY cannot be combined with format={options['format']}; remove one of them"
        )
    if "default" in options and options.get("format") == "binary":
        problems.append("option default cannot be combined with format=binary; remove one of them")
    if is_path and key:
        problems.append("#KEY applies to one JSON document, not to a path; name the parameter")
    if is_path:
        problems.extend(
            f"option {name} applies to a single value, not to a path; remove it"
            for name in ("default", "format")
            if name in options
        )
    if "as" in options:
        problems.extend(
            f"option {name} cannot be combined with as=; remove one of them"
            for name in ("prefix", "names", "join", "only")
            if name in options
        )


def _reject_in_place(
    scheme: str, parts: tuple[str, ...], options: dict[str, object], problems: list[str]
) -> None:
    if scheme == SSM and parts[0].endswith("/"):
        problems.append(
            "a path has many values; name one parameter, or move the path to APPCONFIG_ENV_SOURCES"
        )
    problems.extend(
        f"option {name} applies only in APPCONFIG_ENV_SOURCES, not to a variable's value; remove it"
        for name in ("prefix", "names", "join", "as", "env", "only")
        if name in options
    )
