# SPDX-License-Identifier: MIT
"""Build sdist and wheel, and try the wheel: one for all Pythons, whole, and good in each.

Usage: python tools/check_wheel.py [PYTHON...]

Each PYTHON gets a fresh virtual environment with the wheel and its dependencies, and takes a
picture in it. By default: this Python, and every other from 3.11 on that pyenv or PATH has.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TAG = "cp311-abi3-linux_"

TRIAL = """
import sys
import v4l2capture

assert "site-packages" in v4l2capture.__file__, v4l2capture.__file__
with v4l2capture.Device("sim:webcam") as camera, camera.stream() as stream:
    picture = stream.read(timeout=5.0).to_jpeg()
assert picture[:2] == b"\\xff\\xd8", picture[:16]
print(f"Python {sys.version.split()[0]}: a picture of {len(picture)} bytes")
"""


def build(folder: Path) -> tuple[Path, Path]:
    """Return an sdist of the checkout and a wheel made from that sdist."""
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    setup = [sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", str(folder)]
    subprocess.run(setup, check=True, cwd=ROOT, env=quiet)
    (sdist,) = folder.glob("*.tar.gz")
    wheels = folder / "wheels"
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels)]
    subprocess.run([*pip, str(sdist)], check=True, env=quiet)
    (wheel,) = wheels.iterdir()
    return sdist, wheel


def tracked(*folders: str) -> set[str]:
    """Return the files of some folders that git knows."""
    listing = subprocess.run(
        ["git", "ls-files", "--", *folders], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(listing.stdout.splitlines())


def missing(sdist: Path, wheel: Path) -> list[str]:
    """Return what should be in the two, and is not."""
    with tarfile.open(sdist) as archive:
        in_sdist = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    package = tracked("v4l2capture")
    source = tracked("csrc") | package | {"pyproject.toml", "setup.py", "README.md", "LICENSE"}
    package.add("v4l2capture/_native.abi3.so")
    return [
        *(f"{name}: not in the sdist" for name in sorted(source - in_sdist)),
        *(f"{name}: not in the wheel" for name in sorted(package - in_wheel)),
        *([] if any(name.endswith("/LICENSE") for name in in_wheel) else ["no licence"]),
        *([] if TAG in wheel.name else [f"{wheel.name} is not {TAG}*"]),
    ]


def pythons() -> list[str]:
    """Return one interpreter for each version from 3.11 on that is here."""
    places = [*os.get_exec_path(), *map(str, Path.home().glob(".pyenv/versions/3.*/bin"))]
    found = {sys.version_info[1]: sys.executable}
    for minor in range(11, 20):
        path = shutil.which(f"python3.{minor}", path=os.pathsep.join(places[::-1]))
        if path:
            found.setdefault(minor, path)
    return [found[minor] for minor in sorted(found)]


def try_out(wheel: Path, python: str, folder: Path) -> None:
    """Install the wheel in a fresh environment and take a picture with it."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    inside = str(folder / "bin/python")
    pip = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, str(wheel)], check=True)
    every_name = "from v4l2capture import *"
    subprocess.run([inside, "-W", "error", "-c", every_name], check=True, cwd=folder)
    subprocess.run([inside, "-c", TRIAL], check=True, cwd=folder)


def main(versions: list[str]) -> int:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sdist, wheel = build(folder)
        print(f"{sdist.name} and {wheel.name}, {wheel.stat().st_size // 1024} KiB", flush=True)
        if gaps := missing(sdist, wheel):
            print(*gaps, sep="\n", file=sys.stderr)
            return 1
        for number, python in enumerate(versions or pythons()):
            try_out(wheel, python, folder / str(number))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
