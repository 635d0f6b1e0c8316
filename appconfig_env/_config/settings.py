"""Parses every setting and reference of an environment into Settings; reads nothing else; pure."""

from __future__ import annotations

from .._http.url import Url
from ..errors import SettingsError
from . import aws as aws_settings
from . import references as reference
from .environ import CORRECT, LOG_LEVELS, Reader, is_in_lambda
from .options import yes_or_no
from .references import ReferenceProblems
from .sources import APPCONFIG, FILE, SCHEMES, SSM, Resource, Source, scheme_of
from .wording import nearest, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from .aws import AwsSettings

PREFIX = "APPCONFIG_ENV_"
AWS_PREFIX = aws_settings.PREFIX
PREFETCH_LIST = AWS_PREFIX + "PREFETCH_LIST"
# What the wrapper passes to the helper: JSON, see _cache/handoff.py. No source can set it, because
# names that begin with an underscore are protected.
HANDOFF = "_APPCONFIG_ENV_HANDOFF"
KNOWN = (
    "SOURCES", "REFERENCES", "OVERWRITE", "SNAPSHOT", "DEADLINE_SECONDS", "ON_ERROR", "FALLBACK",
    "NEXT_WRAPPER", "LOCAL_DIR", "ROLE_ARN", "ROLE_EXTERNAL_ID", "ROLE_SESSION_NAME",
    "SERVICE_REGION", "CLIENT", "AGENT_URL", "METRICS",
)  # fmt: skip
# Of AWS_APPCONFIG_EXTENSION_*: what is read here, and what only AWS's own agent reads.
AWS_KNOWN = (
    "LOG_LEVEL", "MAX_CONNECTIONS", "POLL_INTERVAL_SECONDS", "POLL_TIMEOUT_MILLIS", "PREFETCH_LIST",
    "PROXY_HEADERS", "PROXY_URL", "ROLE_ARN", "ROLE_EXTERNAL_ID", "ROLE_SESSION_NAME",
    "SERVICE_REGION",
)  # fmt: skip
# Settings that have neither prefix, because AWS's extensions or others have named them.
WITHOUT_PREFIX = ("SSM_PARAMETER_STORE_TTL", "SECRETS_MANAGER_TTL", "APP_PARAMS_PATH", "APP_ENV")
AGENTS_OWN = (
    "BACKUP_DIRECTORY", "EXPERIMENT_ASSIGNMENT_LOG_DESTINATION", "HTTP_PORT", "MANIFEST",
    "SERVICE_ENDPOINT", "WAIT_ON_MANIFEST",
)  # fmt: skip
LONGEST_INIT_SECONDS = 10.0  # what Lambda gives an init, the runtime's own start included
LONGEST_DEADLINE_SECONDS = 9.5
ALL_SETTINGS = "the reference lists all under Settings"
SNAPSHOT_PATH = "/tmp/appconfig-env.json"  # noqa: S108 # nosec B108 # all a function may write to
POLL_FLOOR_SECONDS = 15.0  # the service's minimum for RequiredMinimumPollIntervalInSeconds
# The longest interval that a session may ask for: a longer one in a response is not valid.
LONGEST_POLL_SECONDS = 86_400.0


class Settings:
    """Every setting of an environment.

    Attributes:
        sources: every source; later ones win over earlier ones.
        snapshot_path: the path of the snapshot file.
        deadline_seconds: how long the whole prefetch may take, retries included.
        poll_seconds: AppConfig's interval; `ssm_ttl_seconds` and `secrets_ttl_seconds` are those
            of the other services.
        poll_timeout_seconds: how long a refresh may block its caller.
        overwrite: whether sources may replace variables that the function itself configured.
        continue_on_error: whether the prefetch succeeds without a required source
            (`ON_ERROR=continue`).
        fallback_path, local_dir, next_wrapper: paths; empty for none.
        log_level: one of LOG_LEVELS.
        log_json: whether log lines are JSON objects.
        emf_metrics: whether to write metrics as JSON lines (`METRICS=emf`).
        warnings: what looks like a mistake, but need not be one.
        fixed: the variables that are settings here, although a source could set them.
        folder: the working directory, if relative paths of LOCAL_DIR or of `file:` sources are in
            it; else empty.
        agent_url: the URL of AWS's own agent, which evaluates flags with a context; empty for
            none.
        aws: endpoints, Regions, roles and proxy.
    """

    __slots__ = (
        "_resources", "agent_url", "aws", "continue_on_error", "deadline_seconds", "emf_metrics",
        "fallback_path", "fixed", "folder", "local_dir", "log_json", "log_level", "next_wrapper",
        "overwrite", "poll_seconds", "poll_timeout_seconds", "secrets_ttl_seconds",
        "snapshot_path", "sources", "ssm_ttl_seconds", "warnings",
    )  # fmt: skip

    def __init__(
        self,
        sources: tuple[Source, ...] = (),
        *,
        aws: AwsSettings | None = None,
        snapshot_path: str = SNAPSHOT_PATH,
        deadline_seconds: float = 8.0,
        poll_seconds: float = 45.0,
        poll_timeout_seconds: float = 3.0,
        ssm_ttl_seconds: float = 300.0,
        secrets_ttl_seconds: float = 300.0,
        overwrite: bool = False,
        continue_on_error: bool = False,
        fallback_path: str = "",
        local_dir: str = "",
        next_wrapper: str = "",
        log_level: str = "info",
        log_json: bool = False,
        emf_metrics: bool = False,
        warnings: Collection[str] = (),
        fixed: Collection[str] = (),
        folder: str = "",
        agent_url: str = "",
    ) -> None:
        self.sources = sources
        self._resources: dict[str, list[Source]] = {}
        for source in sources:
            self._resources.setdefault(source.resource.reference, []).append(source)
        self.aws = aws or aws_settings.AwsSettings()
        self.snapshot_path = snapshot_path
        self.deadline_seconds = deadline_seconds
        self.poll_seconds = poll_seconds
        self.poll_timeout_seconds = poll_timeout_seconds
        self.ssm_ttl_seconds = ssm_ttl_seconds
        self.secrets_ttl_seconds = secrets_ttl_seconds
        self.overwrite = overwrite
        self.continue_on_error = continue_on_error
        self.fallback_path = fallback_path
        self.local_dir = local_dir
        self.next_wrapper = next_wrapper
        self.log_level = log_level
        self.log_json = log_json
        self.emf_metrics = emf_metrics
        self.warnings = tuple(warnings)
        self.fixed = frozenset(fixed)
        self.folder = folder
        self.agent_url = agent_url

    def resources(self) -> Mapping[str, list[Source]]:
        """The sources by their resource's reference, in the order of first use."""
        return self._resources

    def count_sources(self, references: Iterable[str]) -> int:
        """How many sources read the resources with these references."""
        return sum(len(self._resources[reference]) for reference in references)

    def label(self, reference: str) -> str:
        """Return a resource's reference as messages show it.

        After the setting that it was made from, if the user has not written a reference to it.
        """
        names = [source.setting for source in self._resources[reference]]
        return f"{names[0]}={reference}" if all(names) else reference

    def longest_wait(self, sources: list[Source]) -> float:
        """How long after an attempt the next one is made at the latest, in seconds."""
        longest = max(self.interval(sources), LONGEST_POLL_SECONDS)
        return longest + max(self.deadline_seconds, self.poll_timeout_seconds)

    def interval(self, sources: list[Source]) -> float:
        """How long the resource of `sources` (the same for all) is fresh, in seconds."""
        default: float = getattr(self, SCHEMES[sources[0].resource.scheme].interval)
        if self.local_dir:
            default = min(default, self.poll_seconds)
        ttls = [source.ttl for source in sources if source.ttl is not None]
        return max(min(ttls) if ttls else default, self.floor(sources))

    def floor(self, sources: list[Source]) -> float:
        """The service's minimum between two polls of the resource of `sources`, in seconds."""
        is_polled = sources[0].resource.scheme == APPCONFIG and not self.local_dir
        return POLL_FLOOR_SECONDS if is_polled else 0.0

    def accepts(self, level: str) -> bool:
        """Whether to write log lines of this level."""
        return LOG_LEVELS.index(level) >= LOG_LEVELS.index(self.log_level)

    def identity(self) -> list[object]:
        """The part that determines which values are read; if equal, a snapshot may be shared."""
        return [
            [[source.variable, source.reference] for source in self.sources],
            self.local_dir,
            self.folder,
            [] if self.local_dir else self.aws.identity(),
        ]

    def __repr__(self) -> str:
        return f"<Settings {len(self.sources)} sources>"


def from_environ(
    environ: Mapping[str, str],
    references: Mapping[str, str] | None = None,
    configured: Collection[str] | None = None,
    check_paths: Callable[[Settings], Iterable[str]] | None = None,
    *,
    working_folder: Callable[[], str] = str,
) -> Settings:
    """Parse the settings in `environ`.

    Args:
        environ: the environment.
        references: in-place references that a wrapper has already resolved, by variable; None if
            `environ` still holds them.
        configured: the variables that the function itself configured, if sources have set others:
            a parameter named APP_ENV must not change which path is read. None for all.
        check_paths: returns what is wrong with the files and folders that settings name, which only
            the disk knows; not called if they name none. None for a process that uses none.
        working_folder: returns the working directory; called only if a path is relative.

    Raises:
        SettingsError: a setting is invalid; has every error.
    """
    if configured is not None:
        environ = {name: environ[name] for name in environ if name in configured}
    reader = Reader(environ)
    _reject_unknown(reader)
    sources = _app_params(reader) + _prefetch_list(reader) + _source_list(reader)
    values = environ if references is None else references
    sources += _in_place(reader, _in_place_values(reader, values, is_first=references is None))
    settings = Settings(
        _without_duplicates(sources),
        aws=aws_settings.from_environ(
            environ,
            reader.problems,
            client=reader.one_of(PREFIX + "CLIENT", *aws_settings.CLIENTS),
        ),
        snapshot_path=reader.file_path(PREFIX + "SNAPSHOT", SNAPSHOT_PATH),
        deadline_seconds=reader.seconds(PREFIX + "DEADLINE_SECONDS", 8.0, allow_zero=False),
        poll_seconds=reader.seconds(AWS_PREFIX + "POLL_INTERVAL_SECONDS", 45.0),
        poll_timeout_seconds=reader.millis(AWS_PREFIX + "POLL_TIMEOUT_MILLIS", 3000.0) / 1000,
        ssm_ttl_seconds=reader.seconds("SSM_PARAMETER_STORE_TTL", 300.0),
        secrets_ttl_seconds=reader.seconds("SECRETS_MANAGER_TTL", 300.0),
        overwrite=reader.yes_no(PREFIX + "OVERWRITE", default=False),
        continue_on_error=reader.one_of(PREFIX + "ON_ERROR", "fail", "continue") == "continue",
        fallback_path=reader.text(PREFIX + "FALLBACK"),
        local_dir=reader.text(PREFIX + "LOCAL_DIR"),
        next_wrapper=_next_wrapper(reader),
        log_level=reader.log_level(AWS_PREFIX + "LOG_LEVEL"),
        log_json=reader.text("AWS_LAMBDA_LOG_FORMAT").upper() == "JSON",
        # Most functions do not set it, and pay for no call.
        emf_metrics=PREFIX + "METRICS" in environ
        and reader.one_of(PREFIX + "METRICS", "off", "emf") == "emf",
        warnings=reader.warnings,
        fixed=("APP_ENV",) if reader.text("APP_PARAMS_PATH") else (),
        agent_url=_agent_url(reader),
    )
    has_paths = settings.local_dir or settings.fallback_path or settings.next_wrapper
    if has_paths and check_paths is not None:
        reader.problems += check_paths(settings)
    if reader.problems:
        raise SettingsError(reader.problems)
    settings.warnings += tuple(_doubtful(reader, settings))
    if _has_relative_path(settings):
        try:
            settings.folder = working_folder()
        except OSError:  # it was deleted, and so no relative path can be read
            settings.folder = ""
    return settings


def _has_relative_path(settings: Settings) -> bool:
    """Whether what is read depends on the working directory."""
    paths = [one.resource.name for one in settings.sources if one.resource.scheme == FILE]
    return any(path and path[0] != "/" for path in (settings.local_dir, *paths))


def _doubtful(reader: Reader, settings: Settings) -> Iterator[str]:
    """Yield what is accepted, but has no effect or another one than its author may expect."""
    for name in reader.environ:
        own = name.removeprefix(AWS_PREFIX)
        if own != name and own not in AWS_KNOWN:
            if own in AGENTS_OWN:
                yield f"{name} has no effect here: only AWS's own agent reads it; unset it"
            else:
                yield f"{name}: unknown setting; {_correct_name(own, AWS_PREFIX, AWS_KNOWN)}"
        elif own == name and _may_be_almost(name) and (known := _almost(name)):
            yield f"{name} is not read, but resembles {known}; correct its name, or rename it"
    if settings.deadline_seconds > LONGEST_DEADLINE_SECONDS and is_in_lambda(reader.environ):
        yield (
            f"{PREFIX}DEADLINE_SECONDS: Lambda ends an init after {LONGEST_INIT_SECONDS:g} s, the "
            f"runtime's start included; set at most {LONGEST_DEADLINE_SECONDS:g}"
        )
    yield from _idle_access(reader, settings)
    for name, sources in settings.resources().items() if settings.local_dir else ():
        if _names_a_version(sources[0].resource):
            yield (
                f"{settings.label(name)}: a local folder has one version of each value, which "
                f"is used; unset {PREFIX}LOCAL_DIR to read another"
            )
    if not settings.local_dir:
        yield from _too_frequent(settings)


def _may_be_almost(name: str) -> bool:
    """Whether `_almost` has to look, which takes longer, at a variable of the environment."""
    upper = name.upper()
    if "CONFIG" in upper:
        return not name.startswith(PREFIX)
    return upper.startswith(("SSM", "SECRET", "APP"))


def _almost(name: str) -> str:
    """Return the setting that a variable almost names; empty if there is none, or it names one.

    With other cases and separators than the setting, or up to two wrong letters in what follows the
    prefix, or in a name without a prefix; APP_ENV is too short for that.
    """
    squeezed = _squeezed(name)
    for prefix, known in ((PREFIX, KNOWN), (AWS_PREFIX, AWS_KNOWN)):
        if squeezed.startswith(_squeezed(prefix)):
            rest = squeezed.removeprefix(_squeezed(prefix))
            near = [one for one in known if reference.distance(rest, _squeezed(one), 2) <= 2]
            return prefix + near[0] if near else ""
    for one in WITHOUT_PREFIX:
        if one not in ("APP_ENV", name) and reference.distance(name.upper(), one, 2) <= 2:
            return one
    return ""


def _squeezed(name: str) -> str:
    return name.upper().replace("_", "").replace("-", "")


def _too_frequent(settings: Settings) -> Iterator[str]:
    """Yield which intervals are below AppConfig's minimum."""
    profiles = [one for one in settings.sources if one.resource.scheme == APPCONFIG]
    given = [
        (f"{one.public_reference}: ttl={one.ttl:g}", one.ttl)
        for one in profiles
        if one.ttl is not None
    ]
    if len(given) < len(profiles):
        given.append((f"{AWS_PREFIX}POLL_INTERVAL_SECONDS", settings.poll_seconds))
    for name, seconds in given:
        if seconds < POLL_FLOOR_SECONDS:
            yield (
                f"{name}: AppConfig may be polled every {POLL_FLOOR_SECONDS:g} s at most, which "
                "is used; set at least that"
            )


def _idle_access(reader: Reader, settings: Settings) -> Iterator[str]:
    """Yield which settings of a role or Region have no effect."""
    text = reader.text
    for role, *others, _ in (aws_settings.OF_APPCONFIG, aws_settings.OF_OTHERS):
        for name in others:
            if text(name) and not text(role):
                yield f"{name} has no effect without {role}; set that too, or unset it"
    schemes = {one.resource.scheme for one in settings.sources if not one.resource.is_local}
    if not schemes or APPCONFIG in schemes or settings.local_dir:
        return
    own, theirs = aws_settings.OF_APPCONFIG, aws_settings.OF_OTHERS
    for name, other in ((own[0], theirs[0]), (own[-1], theirs[-1])):
        if text(name) and not text(other):
            yield (
                f"{name} applies to AppConfig alone, which no source reads; set {other} for "
                "Parameter Store and Secrets Manager, or unset it"
            )


def _names_a_version(resource: Resource) -> bool:
    """Whether a resource is a version of a secret or parameter other than the current one."""
    name = resource.name.split(":", 5)[5] if resource.arn_region else resource.name
    return bool(resource.stage or resource.version) or (resource.scheme == SSM and ":" in name)


def _correct_name(name: str, prefix: str, known: Iterable[str]) -> str:
    """Return the remedy for a name after a prefix: it may belong to the other one, or to none."""
    by_name = {one: one for one in WITHOUT_PREFIX}
    by_name |= {one: PREFIX + one for one in KNOWN} | {one: AWS_PREFIX + one for one in AWS_KNOWN}
    by_name |= {one: prefix + one for one in known}  # what both have is its own prefix's
    near = nearest(name, by_name)
    found = f"nearest: {by_name[near]}" if near else ALL_SETTINGS
    return f"correct its name ({found}) or unset it"


def is_own(name: str) -> bool:
    """Whether a variable is our setting or that of AWS's extension, and so never a reference."""
    return name.startswith((PREFIX, AWS_PREFIX)) or name == HANDOFF


def _reject_unknown(reader: Reader) -> None:
    for name in reader.environ:
        if name.startswith(PREFIX) and name[len(PREFIX) :] not in KNOWN:
            remedy = _correct_name(name[len(PREFIX) :], PREFIX, KNOWN)
            reader.problems.append(f"{name}: unknown setting; {remedy}")


def _without_duplicates(sources: list[Source]) -> tuple[Source, ...]:
    """Keep the last of equal sources, because later ones win."""
    return tuple(reversed(dict.fromkeys(reversed(sources))))


def _source_list(reader: Reader) -> list[Source]:
    name = PREFIX + "SOURCES"
    return _parsed(reader, name, reader.text(name).split(), reference.parse)


def _prefetch_list(reader: Reader) -> list[Source]:
    items = [item.strip() for item in reader.text(PREFETCH_LIST).split(",")]
    return _parsed(
        reader, PREFETCH_LIST, list(filter(None, items)), reference.parse_prefetch, PREFETCH_LIST
    )


def _app_params(reader: Reader) -> list[Source]:
    names = ("APP_ENV", "APP_PARAMS_PATH")
    stage, path = (reader.text(name).strip("/ ") for name in names)
    if not path:
        return []
    for name in names:
        if not reader.text(name).isprintable():  # also rejects bytes that are not UTF-8
            reader.reject(name, "a printable path")
            return []
        if any(mark in reader.text(name) for mark in ",;*"):
            reader.reject(name, "a single path, without wildcards")
            return []
        if reference.is_reference(reader.text(name)):
            # It would be read before it is resolved.
            reader.reject(name, "a part of the path of APP_PARAMS_PATH, not a reference")
            return []
    full = f"/{stage}/{path}/" if stage else f"/{path}/"
    if reference.parameter_problems(full):
        odd = reference.parameter_problems(f"/{path}/")
        reader.reject(names[1] if odd else names[0], "a path of letters, digits and ._-/")
        return []
    resource = Resource(SSM, (full,), recursive=False)
    return [Source(resource, names="keep", setting="APP_PARAMS_PATH")]


def _in_place_values(
    reader: Reader, values: Mapping[str, str], *, is_first: bool
) -> Mapping[str, str]:
    """Return the variables that may hold references: all, none, or those that REFERENCES lists.

    Args:
        reader: the environment.
        values: the variables.
        is_first: whether no wrapper has read them before.
    """
    setting = PREFIX + "REFERENCES"
    names = reader.text(setting).replace(",", " ").split()
    if not names or (len(names) == 1 and yes_or_no(names[0]) is not None):
        return values if reader.yes_no(setting, default=True) else {}
    listed = {name: values[name] for name in names if name in values}
    for name in names if is_first else ():
        if not reference.is_reference(listed.get(name, "")):
            found = "has no reference" if name in listed else "is not set"
            if listed.get(name, "").startswith(f"{FILE}:"):  # elsewhere it is a URL like any other
                problem = f"{FILE}: cannot be a variable's value; move it to {PREFIX}SOURCES"
                reader.problems.append(f"{setting}: {quoted(name)}: {problem}")
                continue
            reader.problems.append(
                f"{setting}: expected yes, no, or a list of variables that hold references, got "
                f"{quoted(name)}, which {found}; {CORRECT}"
            )
    return listed


def _in_place(reader: Reader, values: Mapping[str, str]) -> list[Source]:
    sources: list[Source] = []
    # Sorted, because an environment has no defined order and the snapshot's fingerprint needs one.
    for name, value in sorted(values.items()):
        if ":" not in value or is_own(name):
            continue
        if reference.is_reference(value):
            sources += _parsed(reader, name, [value], reference.parse, name)
        elif (near := reference.near_miss(value)) is not None:
            remedy = f"or list the variables that hold references in {PREFIX}REFERENCES"
            where = reader.problems if near.is_certain else reader.warnings
            where.append(f"{name}: its value {near.reason}, {remedy}")
    return sources


def _parsed(
    reader: Reader, name: str, texts: list[str], parse: Callable[..., Source], *arguments: str
) -> list[Source]:
    sources = []
    previous = ""
    for text in texts:
        try:
            sources.append(parse(text, *arguments))
        except ReferenceProblems as error:
            # A default may be a secret value, and so may the text after a space in it.
            shown = repr(reference.without_options(text))
            if "default=" in previous and not _begins_reference(text):
                shown = "after default= (write a space in its value as %20)"
            reader.problems += [f"{name}: {shown}: {problem}" for problem in error.problems]
        if _begins_reference(text):
            previous = text
    return sources


def _next_wrapper(reader: Reader) -> str:
    name = PREFIX + "NEXT_WRAPPER"
    path = reader.text(name)
    if path and path == reader.text("AWS_LAMBDA_EXEC_WRAPPER"):
        reader.problems.append(
            f"{name}: expected the wrapper to run after this one, got this one ({path!r}); "
            f"{CORRECT}"
        )
    return path


def _agent_url(reader: Reader) -> str:
    name = PREFIX + "AGENT_URL"
    text = reader.text(name)
    if text and not _is_of_this_machine(text):
        reader.reject(name, "the agent's URL on this machine, such as http://127.0.0.1:2772")
        return ""
    return text


def _is_of_this_machine(text: str) -> bool:
    """Whether it is the URL of a server that others cannot be in the place of."""
    try:
        url = Url(text)
    except ValueError:
        return False
    is_whole = url.path in ("", "/") and not (url.query or url.user or url.password)
    return is_whole and url.scheme == "http" and url.host in ("localhost", "127.0.0.1", "::1")


def _begins_reference(text: str) -> bool:
    return scheme_of(text) in SCHEMES
