"""Reads from disk: a folder in place of AWS, and local files as sources."""

from __future__ import annotations

import os
import stat

from .._config.references import parameter_problems
from .._config.sources import APPCONFIG, SECRETS_MANAGER, SSM
from .._config.wording import MOST_LISTED, listed, nearest_note, quoted
from .._content import parse as _document
from .._content.document import Document, DocumentError, blake2b
from .._content.parse import DOTENV_TYPE
from .._content.variables import text_value
from ..errors import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .._config.sources import Resource
    from .base import Outcome, Request

# As AWS's agent names local files (AppConfig User Guide, "Local development"), and two of our own.
CONTENT_TYPES = {
    "": "application/octet-stream",
    ".json": "application/json",
    ".env": DOTENV_TYPE,
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".txt": "text/plain",
}
LARGEST_FILE_BYTES = 16 * 1024 * 1024  # four times the largest document AppConfig takes

FIX_REFERENCE = ", or correct the reference"
# As for Parameter Store itself: a slash at the end distinguishes a path from a parameter.
NO_PATH = "no parameters under this path (a parameter's name does not end in /) in"
NAMES_OF_PARAMETERS = "use letters, digits and ._-/, without // and without a / at the end"
NO_NAME = "no parameter of this name (a path ends in /) in"


class _MissingError(DocumentError):
    """A file, parameter or secret that does not exist."""


class LocalBackend:
    """Reads AppConfig profiles, parameters and secrets from the files of one folder.

    `APP:ENV:PROFILE[.json|.env|.yaml|.txt|.TYPE%SUBTYPE]` or, in folders, `APP/ENV/PROFILE.json` is
    a profile; `ssm.json` or `ssm.env` holds parameters by name, `secrets.json` secrets by name. All
    are read again at each call.

    Args:
        path: the folder.
        base: the folder that a relative path is in; empty for the working directory.
    """

    def __init__(self, path: str, base: str = "") -> None:
        self._path = os.path.join(base, path)

    def __call__(self, requests: list[Request], timeout: float) -> dict[str, Outcome]:
        """Return an outcome for each request; see `base.Backend`."""
        del timeout  # reading from disk is fast
        return {request.resource.reference: self._outcome(request.resource) for request in requests}

    def _outcome(self, resource: Resource) -> Outcome:
        if not os.path.isdir(self._path):
            summary = f"APPCONFIG_ENV_LOCAL_DIR: expected a folder, got {self._path!r}"
            return Failure("misconfigured", summary, "set it to a folder, or unset it")
        try:
            if resource.scheme == APPCONFIG:
                return self._profile(resource)
            if resource.scheme == SSM:
                return self._parameters(resource)
            if resource.scheme == SECRETS_MANAGER:
                return self._secret(resource)
        except DocumentError as error:
            return _failure(error)
        raise ValueError(f"no file of the local folder has {resource.scheme}:")

    def _profile(self, resource: Resource) -> Document:
        names = [file_name(part) for part in resource.parts]
        found = profile_files(self._path, names)
        shown = [":".join(names) + ending for ending in CONTENT_TYPES]
        shown.append("/".join(names) + ".json")
        path = self._only(list(found), shown, FIX_REFERENCE)
        body = _read(path)
        return Document(body, content_type=found[path], version=_version(body))

    def _parameters(self, resource: Resource) -> Document:
        path = self._one_of([os.path.join(self._path, name) for name in ("ssm.json", "ssm.env")])
        body = _read(path)
        values = _mapping(path, body, "json" if path.endswith(".json") else "dotenv")
        _require_names(path, body, values)
        if resource.is_path:
            below = {
                name.removeprefix(resource.name): value
                for name, value in values.items()
                if name.startswith(resource.name) and name != resource.name
            }
            if not resource.recursive:
                below = {name: value for name, value in below.items() if "/" not in name}
            if not below:
                raise _missing(NO_PATH, path, values, resource.name)
            return Document(parameters=below, version=_version(body))
        name = resource.name
        if resource.arn_region:
            name = name.split(":", 5)[5].removeprefix("parameter")
        # All versions and labels are the one value in the file.
        plain = name.partition(":")[0]
        for candidate in (name, plain, name.removeprefix("/"), plain.removeprefix("/")):
            if candidate in values:
                value = values[candidate].encode("utf-8", "surrogatepass")
                return Document(value, version=_version(value))
        raise _missing(NO_NAME, path, values, plain)

    def _secret(self, resource: Resource) -> Document:
        path = self._one_of([os.path.join(self._path, "secrets.json")])
        values = _mapping(path, _read(path), "json")
        candidates = [resource.name]
        if resource.arn_region:
            name = resource.name.split(":", 5)[5].removeprefix("secret:")
            candidates = [name, name[:-7]]  # an ARN adds a hyphen and six characters to the name
        for name in candidates:
            if name in values:
                value = values[name].encode("utf-8", "surrogatepass")
                if resource.format == "binary":
                    value = _from_base64(value, f"{path}: {quoted(name)}")
                return Document(value, secret=True, name=name)  # a digest could be guessed
        raise _missing("no secret of this name in", path, values, candidates[0])

    def _one_of(self, paths: list[str], alternative: str = "") -> str:
        found = [path for path in paths if os.path.exists(path)]
        return self._only(found, [os.path.basename(path) for path in paths], alternative)

    def _only(self, found: list[str], names: list[str], alternative: str) -> str:
        """Return the one path that was found.

        Args:
            found: the paths.
            names: what was looked for, relative to the folder.
            alternative: what else to do if there is none.

        Raises:
            DocumentError: there is none, or more than one.
        """
        if len(found) > 1:
            raise DocumentError(f"{' and '.join(found)} exist", "remove all but one")
        if not found:
            note = nearest_note(names[0], _names_in(self._path)) if alternative else ""
            these = "it" if len(names) == 1 else "one of them"
            raise _MissingError(
                f"no such file in {self._path}{note} (looked for {', '.join(names)})",
                f"create {these}{alternative}",
            )
        return found[0]


def read_file(resource: Resource, base: str = "") -> Outcome:
    """Return the outcome of one `file:` source; its ending determines the content type.

    Args:
        resource: the file.
        base: the folder that a relative path is in; empty for the working directory.
    """
    path = os.path.join(base, resource.name)
    try:
        body = _read(path)
    except DocumentError as error:
        return _failure(error)
    name = os.path.basename(path)
    stem, dot, ending = name.rpartition(".")
    content_type = CONTENT_TYPES.get(f".{ending.lower()}", "") if dot else ""
    return Document(body, content_type=content_type, version=_version(body), name=stem or name)


def profile_files(folder: str, names: Sequence[str]) -> dict[str, str]:
    """Return the content types of a profile's files, by path: there should be one at most.

    Args:
        folder: the local folder.
        names: application, environment and profile, see `file_name`.
    """
    places = [
        (folder, ":".join(names)),
        (os.path.join(folder, *names[:2]), names[2]),  # for file systems without colons
    ]
    return {
        os.path.join(place, name): content_type
        for place, stem in places
        for name in sorted(_names_in(place))
        if (content_type := _content_type(name, stem))
    }


def file_name(part: str) -> str:
    """Return a part of a profile's name as the name of a file or a folder."""
    name = part.replace("/", "%2F")
    return name.replace(".", "%2E") if name in (".", "..") else name


def _content_type(name: str, stem: str) -> str:
    """Return the content type of the file `name` if it is the profile `stem`; else ''.

    By the ending, as AWS's agent does: one of CONTENT_TYPES, or the type itself with percent signs
    in place of its slash and of the semicolon before a parameter, such as `.application%json` and
    `.application%ion%type=AWS.AppConfig.FeatureFlags`.
    """
    ending = name.removeprefix(stem)
    if not name.startswith(stem) or ending[:1] not in ("", "."):
        return ""
    kind, percent, subtype = ending[1:].partition("%")
    if percent and kind and subtype and "." not in kind:
        return f"{kind}/{subtype.replace('%', ';')}"
    return CONTENT_TYPES.get(ending, "")


def _names_in(path: str) -> list[str]:
    try:
        return os.listdir(path)
    except OSError:  # a folder may be searchable, but not readable
        return []


def _missing(what: str, path: str, names: Iterable[str], wanted: str) -> _MissingError:
    """Return the error for a name that a file does not have; it lists the file's own names."""
    summary = f"{what} {path}, which has {listed(names, wanted)}"
    return _MissingError(summary, f"add it there{FIX_REFERENCE}")


def _failure(error: DocumentError) -> Failure:
    kind = "missing" if isinstance(error, _MissingError) else "invalid"
    return Failure(kind, error.summary, error.hint)


def _read(path: str) -> bytes:
    """Return a regular file's bytes.

    Raises:
        DocumentError: it does not exist or cannot be read.
    """
    try:
        # O_NONBLOCK: opening a FIFO must not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        kind = _MissingError if isinstance(error, FileNotFoundError) else DocumentError
        raise kind(f"{path} cannot be read ({error.strerror})", "correct the path") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DocumentError(f"{path} is not a regular file", "name one that is")
        if status.st_size > LARGEST_FILE_BYTES:
            raise DocumentError(f"{path} is larger than {LARGEST_FILE_BYTES} bytes", "split it")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror})", "replace it") from None
    finally:
        os.close(descriptor)


def _mapping(path: str, body: bytes, kind: str) -> dict[str, str]:
    """Return a file's values by name; what is not text becomes JSON text."""
    try:
        data = _document.parse(body, format=kind)
    except DocumentError as error:
        raise DocumentError(f"{path}: {error.summary}", error.hint) from None
    if not isinstance(data, dict):
        raise DocumentError(
            f"{path}: expected a JSON object with a member for each name", "correct the file"
        )
    return {name: text_value(value) for name, value in data.items() if value is not None}


def _require_names(path: str, body: bytes, names: Iterable[str]) -> None:
    """Refuse names that Parameter Store refuses: a function could never read them.

    Raises:
        DocumentError: there are some; has every such name, with its line if it is on one alone.
    """
    relative = [name for name in names if "/" in name and not name.startswith("/")]
    odd = [name for name in names if ":" in name or name.endswith("/") or parameter_problems(name)]
    if relative:
        summary = f"{path}: a name with a slash begins with one, but not {_places(relative, body)}"
        raise DocumentError(summary, f"write {quoted('/' + relative[0])}")
    if odd:
        summary = f"{path}: names that Parameter Store does not allow: {_places(odd, body)}"
        raise DocumentError(summary, NAMES_OF_PARAMETERS)


def _places(names: Sequence[str], body: bytes) -> str:
    """Return names for a message, each with its line if it is on one alone."""
    lines = body.decode("utf-8", "replace").splitlines()
    found = []
    for name in names[:MOST_LISTED]:
        numbers = [number for number, line in enumerate(lines, 1) if name in line]
        place = f"line {numbers[0]}: " if len(numbers) == 1 else ""
        found.append(place + quoted(name))
    more = len(names) - MOST_LISTED
    return ", ".join(found) + (f" and {more} more" if more > 0 else "")


def _from_base64(text: bytes, what: str) -> bytes:
    """Return the bytes of a secret, which JSON has as base64, perhaps in several lines.

    Raises:
        DocumentError: `text` is not base64.
    """
    from binascii import a2b_base64  # few secrets are binary

    try:
        return a2b_base64(b"".join(text.split()), strict_mode=True)
    except ValueError:
        summary = f"{what} is not base64, as format=binary expects"
        raise DocumentError(summary, "write its bytes as base64, or remove format=") from None


def _version(body: bytes) -> str:
    return blake2b(body, digest_size=6).hexdigest()
