"""The layer as Lambda unpacks it, with the server's authority among the roots that it carries.

A function reads from AWS, whose roots the layer carries in a directory of files named by the hash
of their subject. The benchmark's server has an authority of its own, in the same folder.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from appconfig_env._cli import layer as _layer
from appconfig_env._cli.layer.anchors import subject_hash

from .contenders import PROGRAM, WRAPPER

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = Path("python", "appconfig_env")


def unpacked(folder: Path, ca_file: str, pythons: Sequence[str] | None = None) -> str:
    """The wrapper in a new `folder`, a layer that trusts `ca_file`.

    With the byte code of `pythons`, by default of all that are supported.
    """
    folder.mkdir()
    _layer.build(folder, pythons=pythons)
    trust(ca_file, folder / PACKAGE / "anchors")
    return str(folder / "appconfig-env")


def program(wrapper: str) -> str:
    """What a wrapper starts the interpreter with, that of the checkout or an unpacked layer's."""
    return PROGRAM if wrapper == WRAPPER else str(Path(wrapper).parent / PACKAGE / "__main__.py")


def trust(ca_file: str, directory: Path) -> None:
    """Put the certificate where a hashed directory has it; OpenSSL looks at no other file there."""
    certificate = Path(ca_file).read_text()
    directory.mkdir(exist_ok=True)
    hashed = subject_hash(ssl.PEM_cert_to_DER_cert(certificate))
    (directory / f"{hashed}.0").write_text(certificate)
