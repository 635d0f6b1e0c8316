"""Lays out a layer's byte code: a bundle of our modules, and the copied packages' files.

bytecode.py compiles it, _bytecode_bundle.py reads it. Not in the layer.
"""

from __future__ import annotations

import ast
import marshal
from _imp import source_hash
from typing import TYPE_CHECKING

from .bytecode import OURS
from .files import LayerFile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from .bytecode import Compiled

# The modules that find a bundle are imported before it, so they are files of their own.
FINDERS = (OURS + "__init__.py", OURS + "_bytecode_bundle.py")
# A process reads whole sections. In the first are exactly the modules that the wrapper imports at a
# usual cold start; a path in the other two matches all that begin with it.
HELPER = (  # what the function's process imports besides, in usual calls of the helper
    OURS + "_cache/store.py",
    OURS + "_content/convert.py",
    OURS + "_content/flags.py",
    OURS + "_content/unevaluated.py",
    OURS + "_helper/",
)
REST = (  # what functions import only after a failure, in rare cases or for optional features
    OURS + "__main__.py",  # run by path, so Python compiles it each time
    OURS + "_backends/agent.py",
    OURS + "_backends/aws/boto3_",
    OURS + "_backends/aws/client.py",
    OURS + "_backends/aws/iam.py",
    OURS + "_backends/aws/retry.py",
    OURS + "_backends/local.py",
    OURS + "_backends/paths.py",
    OURS + "_backends/aws/recording.py",
    OURS + "_backends/calls.py",
    OURS + "_cache/effects.py",
    OURS + "_cache/fetch_log.py",
    OURS + "_cache/log_",
    OURS + "_cache/metrics.py",
    OURS + "_cli/",
    OURS + "_content/durations.py",
    OURS + "_content/json_",
    OURS + "_content/profiles.py",
    OURS + "_content/pydantic_types.py",
    OURS + "_content/rejections.py",
    OURS + "_content/scalars.py",
    OURS + "_content/evaluation.py",
    OURS + "_content/json_lines.py",
    OURS + "_content/profiles.py",
    OURS + "_content/rules/",
    OURS + "_content/strict_dotenv",
    OURS + "_content/strict_yaml.py",
    OURS + "_content/type",
    OURS + "_content/yaml_",
    OURS + "_helper/agent_flags.py",
    OURS + "_helper/loop_reader.py",
    OURS + "_helper/static_store.py",
    OURS + "_models/",
    OURS + "_wrapper/background.py",
    OURS + "_wrapper/progress.py",
    OURS + "_wrapper/runtime_api.py",
    OURS + "_wrapper/shell.py",
    OURS + "openfeature/",
    OURS + "testing.py",
)
SECTIONS = ("start", "helper", "rest")
# Copied modules without byte code: one is for users of tornado, the others have one line.
UNCOMPILED = (
    "python/dotenv/version.py",
    "python/tenacity/_version.py",
    "python/tenacity/tornadoweb.py",
)


def byte_code_files(compiled: Compiled, sources: Mapping[str, str]) -> list[LayerFile]:
    """Return all files for one Python."""
    ours = [name for name in compiled.code if name.startswith(OURS) and name not in FINDERS]
    copied = [name for name in compiled.code if not name.startswith((OURS, *UNCOMPILED))]
    data = bundle(
        {name.removeprefix(OURS): compiled.code[name] for name in ours},
        {name.removeprefix(OURS): sources[name] for name in ours},
    )
    return [
        LayerFile(f"{OURS}__pycache__/modules.{compiled.tag}.bundle", data),
        *(_cached(name, compiled) for name in (*FINDERS, *copied)),
    ]


def section_of(file: str) -> str:
    """Return which one of SECTIONS a source of ours is in."""
    if file.startswith(REST):
        return "rest"
    return "helper" if file.startswith(HELPER) else "start"


def _cached(name: str, compiled: Compiled) -> LayerFile:
    """A .pyc file where Python looks for it."""
    folder, _, file = name.rpartition("/")
    stem = file.removesuffix(".py")
    return LayerFile(f"{folder}/__pycache__/{stem}.{compiled.tag}.pyc", compiled.code[name])


def bundle(files: Mapping[str, bytes], sources: Mapping[str, str]) -> bytes:
    """Return a bundle of byte code for _bytecode_bundle.py.

    In the zip it takes a third less than one file per module.

    Args:
        files: .pyc files, by the names of their sources relative to the package.
        sources: the sources themselves.
    """
    header_bytes = 16
    key = int.from_bytes(next(iter(files.values()))[:4], "little")
    modules: dict[str, tuple[str, int, int, int, tuple[str, ...]]] = {}
    names = {_module(file): file for file in files}
    sections: dict[str, bytes] = dict.fromkeys(SECTIONS, b"")
    for file in sorted(files):
        section = section_of(OURS + file)
        code = files[file][header_bytes:]
        place = len(sections[section])
        imported = tuple(imports(file, sources[file], names))
        modules[_module(file)] = (file, SECTIONS.index(section), place, len(code), imported)
        sections[section] += code
    bounds: list[tuple[int, int, bytes]] = []
    content = b""
    for data in reversed(sections.values()):
        content = data + content
        # Places are counted from the end, so that they do not depend on the index's own length.
        bounds.insert(0, (-len(content), len(data), source_hash(key, data)))
    # Version 2 of the format: the output of later ones depends on objects' reference counts.
    index = marshal.dumps((modules, bounds), 2)
    return source_hash(key, index) + len(index).to_bytes(3, "little") + index + content


def imports(file: str, source: str, modules: Collection[str]) -> Iterator[str]:
    """Yield the modules that a source of ours imports in any case, in its order.

    Except a package's own modules: what the package does before it imports them comes first.
    """
    own = _module(file)
    parts = f"appconfig_env/{file}".split("/")[:-1]
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join(parts[: len(parts) - node.level + 1])
            base = f"{base}.{node.module}" if node.module else base
            named = (base, *(f"{base}.{one.name}" for one in node.names))
            yield from (
                one for one in named if one in modules and not f"{one}.".startswith(f"{own}.")
            )


def _module(file: str) -> str:
    path = file.removesuffix(".py").removesuffix("/__init__")
    return "appconfig_env." + path.replace("/", ".")
