# SPDX-License-Identifier: MIT
"""packages.txt, read: which Debian packages the rig needs and which of them are missing."""

import shutil
from pathlib import Path
from typing import NamedTuple

LIST = Path(__file__).with_name("packages.txt")
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # not in everybody's PATH, but modprobe lives there


class Package(NamedTuple):
    name: str
    probe: str  # a command, or a path with wildcards


def read(text: str) -> list[Package]:
    """Parse packages.txt."""
    packages = []
    for line in text.splitlines():
        name, _, comment = line.partition("#")
        if name.strip():
            packages.append(Package(name.strip(), comment.split()[0]))
    return packages


def missing(packages: list[Package], path: str) -> list[Package]:
    """Return the packages whose probe finds nothing; ``path`` is the PATH to look in."""
    return [package for package in packages if not _present(package.probe, path)]


def _present(probe: str, path: str) -> bool:
    if probe.startswith("/"):
        return any(Path("/").glob(probe.lstrip("/")))
    return shutil.which(probe, path=f"{path}:{SBIN}") is not None
