"""Every setting and reference in an environment: environ in, Settings out; reads nothing else."""

from __future__ import annotations

from . import _reference as reference
from ._reference import APPCONFIG, SSM, Locator, ReferenceProblems, Source
from .aws import settings as aws_settings
from .errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .aws.settings import AwsSettings

PREFIX = "APPCONFIG_ENV_"
AWS_PREFIX = aws_settings.PREFIX
PREFETCH_LIST = AWS_PREFIX + "PREFETCH_LIST"
# What the wrapper tells the helper: JSON, see _handover.py. The leading underscore keeps it out of
# reach of every source, whose names may not begin so.
HANDOVER = "_APPCONFIG_ENV_HANDOVER"
KNOWN = (
    "SOURCES", "REFERENCES", "OVERWRITE", "SNAPSHOT", "DEADLINE_SECONDS", "ON_ERROR", "FALLBACK",
    "NEXT_WRAPPER", "LOCAL_DIR",
)  # fmt: skip
LOG_LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "none")
SNAPSHOT_PATH = "/tmp/appconfig-env.json"  # noqa: S108 - the one place a function may write; see _snapshot.py
POLL_FLOOR_SECONDS = 15.0  # the service's own: the least RequiredMinimumPollIntervalInSeconds


class Settings:
    """All that the environment says.

    Attributes:
        sources: every source, in the order in which later ones win over earlier ones.
        snapshot_path: where the snapshot stands.
        deadline_seconds: how long the whole prefetch may take, retries included.
        poll_seconds: AppConfig's interval; `ssm_ttl_seconds` and `secrets_ttl_seconds` the others'.
        poll_timeout_seconds: how long a refresh may keep a caller waiting.
        overwrite: whether sources may replace variables that the function itself configured.
        go_on: whether the start goes on without a required source (`ON_ERROR=continue`).
        fallback_path, local_dir, next_wrapper: paths; empty for none.
        log_level: one of LOG_LEVELS.
        log_json: whether log lines are JSON objects.
        aws: how AWS is reached.
    """

    __slots__ = (
        "aws", "deadline_seconds", "fallback_path", "go_on", "local_dir", "log_json", "log_level",
        "next_wrapper", "overwrite", "poll_seconds", "poll_timeout_seconds", "secrets_ttl_seconds",
        "snapshot_path", "sources", "ssm_ttl_seconds",
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
        go_on: bool = False,
        fallback_path: str = "",
        local_dir: str = "",
        next_wrapper: str = "",
        log_level: str = "info",
        log_json: bool = False,
    ) -> None:
        self.sources = sources
        self.aws = aws or aws_settings.AwsSettings()
        self.snapshot_path = snapshot_path
        self.deadline_seconds = deadline_seconds
        self.poll_seconds = poll_seconds
        self.poll_timeout_seconds = poll_timeout_seconds
        self.ssm_ttl_seconds = ssm_ttl_seconds
        self.secrets_ttl_seconds = secrets_ttl_seconds
        self.overwrite = overwrite
        self.go_on = go_on
        self.fallback_path = fallback_path
        self.local_dir = local_dir
        self.next_wrapper = next_wrapper
        self.log_level = log_level
        self.log_json = log_json

    def locators(self) -> dict[str, list[Source]]:
        """The sources by the canonical text of what they read, in the order of their first use."""
        found: dict[str, list[Source]] = {}
        for source in self.sources:
            found.setdefault(source.locator.text, []).append(source)
        return found

    def interval(self, sources: list[Source]) -> float:
        """How long what these sources read counts as fresh, in seconds; all read the same locator."""
        scheme = sources[0].locator.scheme
        own = {APPCONFIG: self.poll_seconds, SSM: self.ssm_ttl_seconds}.get(
            scheme, self.secrets_ttl_seconds
        )
        if self.local_dir or scheme == reference.FILE:
            own = min(own, self.poll_seconds)
        wanted = [source.ttl for source in sources if source.ttl is not None]
        seconds = min(wanted) if wanted else own
        if scheme == APPCONFIG and not self.local_dir:
            seconds = max(seconds, POLL_FLOOR_SECONDS)
        return seconds

    def accepts(self, level: str) -> bool:
        """Whether a line of this level is written."""
        return LOG_LEVELS.index(level) >= LOG_LEVELS.index(self.log_level)

    def identity(self) -> list[object]:
        """What decides which values are read: equal ones may share a snapshot."""
        return [
            [source.identity for source in self.sources],
            self.local_dir,
            [] if self.local_dir else self.aws.identity(),
        ]

    def __repr__(self) -> str:
        return f"<Settings {len(self.sources)} sources>"


def from_environ(
    environ: Mapping[str, str], references: Mapping[str, str] | None = None
) -> Settings:
    """The settings in `environ`.

    Args:
        environ: the environment.
        references: in-place references that a wrapper has resolved already, by variable; None
            where `environ` still holds them.

    Raises:
        SettingsError: every problem, together.
    """
    reader = _Reader(environ)
    reader.refuse_unknown()
    sources = reader.app_params() + reader.prefetch_list() + reader.source_list()
    if reader.yes_no("REFERENCES", default=True):
        sources += reader.in_place(references)
    local_dir = environ.get(PREFIX + "LOCAL_DIR", "")
    settings = Settings(
        tuple(dict.fromkeys(sources)),
        aws=aws_settings.from_environ(environ, reader.problems),
        snapshot_path=reader.path("SNAPSHOT") or SNAPSHOT_PATH,
        deadline_seconds=reader.duration(PREFIX + "DEADLINE_SECONDS", 8.0, least=0.001),
        poll_seconds=reader.duration(AWS_PREFIX + "POLL_INTERVAL_SECONDS", 45.0),
        poll_timeout_seconds=reader.millis(AWS_PREFIX + "POLL_TIMEOUT_MILLIS", 3000.0) / 1000,
        ssm_ttl_seconds=reader.duration("SSM_PARAMETER_STORE_TTL", 300.0),
        secrets_ttl_seconds=reader.duration("SECRETS_MANAGER_TTL", 300.0),
        overwrite=reader.yes_no("OVERWRITE", default=False),
        go_on=reader.one_of(PREFIX + "ON_ERROR", ("fail", "continue")) == "continue",
        fallback_path=environ.get(PREFIX + "FALLBACK", ""),
        local_dir=local_dir,
        next_wrapper=reader.next_wrapper(),
        log_level=reader.log_level(),
        log_json=environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON",
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def is_own(name: str) -> bool:
    """Whether a variable is a setting of this package or of AWS's extension, so never a reference."""
    return name.startswith((PREFIX, AWS_PREFIX)) or name == HANDOVER


class _Reader:
    """Reads one environment and collects what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def refuse_unknown(self) -> None:
        for name in self.environ:
            if name.startswith(PREFIX) and name[len(PREFIX) :] not in KNOWN:
                # Only a wrong setting pays for this import.
                from difflib import get_close_matches

                near = get_close_matches(name[len(PREFIX) :], KNOWN, n=1, cutoff=0.0)
                self.problems.append(f"{name}: unknown setting; did you mean {PREFIX}{near[0]}?")

    def source_list(self) -> list[Source]:
        name = PREFIX + "SOURCES"
        return self._sources(name, self.environ.get(name, "").split(), reference.parse)

    def prefetch_list(self) -> list[Source]:
        entries = [entry.strip() for entry in self.environ.get(PREFETCH_LIST, "").split(",")]
        return self._sources(PREFETCH_LIST, list(filter(None, entries)), reference.parse_prefetch)

    def app_params(self) -> list[Source]:
        path = self.environ.get("APP_PARAMS_PATH", "").strip("/ ")
        if not path:
            return []
        stage = self.environ.get("APP_ENV", "").strip("/ ")
        full = f"/{stage}/{path}/" if stage else f"/{path}/"
        return [Source(Locator(SSM, (full,), recursive=False), names="keep")]

    def in_place(self, references: Mapping[str, str] | None) -> list[Source]:
        found: list[Source] = []
        for name, value in (self.environ if references is None else references).items():
            if is_own(name) or not reference.is_reference(value):
                continue
            found += self._sources(name, [value], reference.parse, name)
        return found

    def _sources(
        self, name: str, texts: list[str], parse: Callable[..., Source], *arguments: str
    ) -> list[Source]:
        found = []
        for text in texts:
            try:
                found.append(parse(text, *arguments))
            except ReferenceProblems as error:
                shown = text.partition("?")[0]  # a default may be a value that nobody should read
                self.problems += [f"{name}: {shown!r}: {problem}" for problem in error.problems]
        return found

    def duration(self, name: str, default: float, least: float = 0.0) -> float:
        raw = self.environ.get(name, "")
        if not raw:
            return default
        try:
            value = reference.seconds(raw)
        except ValueError:
            value = -1.0
        if value < least:
            self.problems.append(f"{name}: want seconds (45, 45s, 5m, 1h), got {raw!r}")
            return default
        return value

    def millis(self, name: str, default: float) -> float:
        raw = self.environ.get(name, "")
        if not raw:
            return default
        text = raw.lower().removesuffix("ms")
        in_millis = text != raw.lower() or text[-1].isdigit()
        try:
            if in_millis and not text[-1:].isdigit():
                raise ValueError(raw)
            value = reference.seconds(text) * (1 if in_millis else 1000)
        except ValueError:
            value = 0.0
        if value <= 0:
            self.problems.append(f"{name}: want milliseconds (3000, 300ms, 5s), got {raw!r}")
            return default
        return value

    def yes_no(self, name: str, *, default: bool) -> bool:
        words = {"": default, "yes": True, "on": True, "true": True, "1": True}
        words |= {"no": False, "off": False, "false": False, "0": False}
        raw = self.environ.get(PREFIX + name, "")
        value = words.get(raw.lower())
        if value is None:
            self.problems.append(f"{PREFIX}{name}: want yes or no (or on, off), got {raw!r}")
            return default
        return value

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        raw = self.environ.get(name, "")
        value = raw.lower() or allowed[0]
        if value not in allowed:
            self.problems.append(f"{name}: want {' or '.join(allowed)}, got {raw!r}")
            return allowed[0]
        return value

    def log_level(self) -> str:
        name = AWS_PREFIX + "LOG_LEVEL"
        raw = self.environ.get(name, "")
        level = {"": "info", "warning": "warn"}.get(raw.lower(), raw.lower())
        if level not in LOG_LEVELS:
            self.problems.append(f"{name}: want one of {', '.join(LOG_LEVELS)}, got {raw!r}")
            return "info"
        return level

    def next_wrapper(self) -> str:
        name = PREFIX + "NEXT_WRAPPER"
        path = self.environ.get(name, "")
        if path and path == self.environ.get("AWS_LAMBDA_EXEC_WRAPPER"):
            self.problems.append(
                f"{name}: want the wrapper that comes after this one, got this one"
            )
        return path

    def path(self, name: str) -> str:
        raw = self.environ.get(PREFIX + name, "")
        if raw and not raw.startswith("/"):
            self.problems.append(f"{PREFIX}{name}: want an absolute path, got {raw!r}")
        return raw
