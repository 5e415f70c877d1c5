# SPDX-License-Identifier: MIT
"""Kernel modules that come as source only, built beside the checkout's other output.

Nothing is installed: the host's /lib/modules stays as it is. A module is built once for each
kernel and each state of its source.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from problem import Problem


def from_package(module: str, package: str, kernel: str, cache: Path) -> Path:
    """Return the path of ``module`` built for ``kernel`` from the source in a Debian package."""
    kept = cache / kernel / f"{module}.ko"
    if kept.exists():
        return kept
    with tempfile.TemporaryDirectory(prefix="hil-source-") as folder:
        return build(_source(package, Path(folder)), module, kernel, kept)


def from_directory(module: str, source: Path, kernel: str, cache: Path) -> Path:
    """Return the path of ``module`` built for ``kernel`` from a directory of ours."""
    digest = hashlib.sha256()
    for path in sorted(source.iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    kept = cache / kernel / digest.hexdigest()[:12] / f"{module}.ko"
    return kept if kept.exists() else build(source, module, kernel, kept)


def build(source: Path, module: str, kernel: str, kept: Path) -> Path:
    """Compile ``module`` and put it at ``kept``.

    It is compiled in a copy elsewhere, because the kernel's makefiles refuse paths with spaces, and
    moved into place at the end, so that two rigs at a time do no harm.
    """
    headers = Path("/usr/src") / f"linux-headers-{kernel}"
    with tempfile.TemporaryDirectory(prefix="hil-build-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(source, tree)
        make = subprocess.run(
            ["make", "-C", headers, f"M={tree}", "modules"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        made = tree / f"{module}.ko"
        if make.returncode != 0 or not made.exists():
            raise Problem(f"{module} cannot be built for {kernel}:\n{make.stdout}")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as half:
            half.write(made.read_bytes())
        Path(half.name).replace(kept)
    return kept


def _source(package: str, folder: Path) -> Path:
    """Find the source of a -dkms package in /usr/src, or download the package and unpack it."""
    name = package.removesuffix("-dkms")
    installed = sorted(Path("/usr/src").glob(f"{name}-*/dkms.conf"))
    if installed:
        return installed[-1].parent
    folder.chmod(0o755)  # apt downloads as a user of its own
    _fetch(["apt-get", "download", package], folder, package)
    _fetch(["dpkg-deb", "-x", next(folder.glob("*.deb")), "tree"], folder, package)
    return next(folder.glob("tree/usr/src/*/dkms.conf")).parent


def _fetch(command: list[str | Path], folder: Path, package: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Problem(
            f"the module source in {package} cannot be had: {done.stderr.strip()}\n"
            f"Try: apt-get update, or: apt-get install --no-install-recommends {package}"
        )
