# SPDX-License-Identifier: MIT
"""The host's half of the rig: boot the guest, pass its output on, take its verdict home."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from problem import OutOfTime, Problem

HERE = Path(__file__).resolve().parent
PORT = "hil.result"

# Coldplug would load these for hardware nobody looks at here; kvm_amd alone takes four seconds
# under emulation. (-cpu max,-svm is no way out: static programs then die in the C library.)
UNWANTED = (
    *("kvm_amd", "kvm_intel", "powernow_k8"),
    *("aesni_intel", "ghash_clmulni_intel", "sha512_ssse3"),
    *("crct10dif_pclmul", "crc32_pclmul", "crc32c_intel"),
    *("i6300esb", "iTCO_wdt", "lpc_ich"),
    *("psmouse", "pcspkr", "serio_raw", "evdev"),
)

# An oops ends the guest at once, with its text on the console (panic=-1 is virtme-ng's own). The
# watchdogs are patient, because an emulated CPU on a busy host can stand still for a while.
KERNEL_OPTIONS = (
    f"modprobe.blacklist={','.join(UNWANTED)}",
    "log_buf_len=4M",
    "oops=panic",
    "watchdog_thresh=60",
    "rcupdate.rcu_cpu_stall_timeout=120",
    "console=hvc0",
)
BARE = ("-nodefaults", "-machine", "q35,sata=off,smbus=off")

# One instruction is one nanosecond of guest time. "rep movsb" counts once for each byte, which is
# not what hardware does with it: without erms and fsrm the C library and the kernel do not use it.
COUNT_KERNEL_OPTIONS = ("tsc=reliable", "clocksource=tsc")
COUNT_QEMU = (
    *("-accel", "tcg,thread=single"),
    *("-icount", "shift=0,align=off,sleep=on"),
    *("-cpu", "max,-erms,-fsrm"),
)


@dataclass(frozen=True)
class Machine:
    """What to boot."""

    kernel: Path
    counting: bool = False
    kvm: bool = False
    memory: str = "2G"

    def arguments(self, script: str, result: Path, console: Path) -> list[str]:
        """Return the command line of virtme-run."""
        arguments = ["--kimg", str(self.kernel), "--mods", "auto", "--script-sh", script]
        arguments += ["--rw", "--force-9p", "--overlay-rwdir", "/tmp", "--memory", self.memory]
        arguments += ["--cpus", "1" if self.counting else "2"]
        arguments += [] if self.kvm else ["--disable-kvm"]
        options = KERNEL_OPTIONS + (COUNT_KERNEL_OPTIONS if self.counting else ())
        for option in options:
            arguments += ["--kopt", option]
        arguments += ["--qemu-opts", *BARE, *(COUNT_QEMU if self.counting else ())]
        arguments += ["-device", "virtio-serial-pci,id=hil-bus"]
        arguments += ["-chardev", f"file,id=hil-console,path={_quoted(console)}"]
        arguments += ["-device", "virtconsole,bus=hil-bus.0,chardev=hil-console"]
        arguments += ["-chardev", f"file,id=hil-result,path={_quoted(result)}"]
        arguments += ["-device", f"virtserialport,bus=hil-bus.0,name={PORT},chardev=hil-result"]
        # The same files once more, see _script().
        arguments += ["-fsdev", "local,id=cached,path=/,security_model=none,multidevs=remap"]
        arguments += ["-device", "virtio-9p-pci,fsdev=cached,mount_tag=cached"]
        return arguments


def run(machine: Machine, job: dict[str, Any], scratch: Path, timeout: float) -> dict[str, Any]:
    """Boot ``machine``, do ``job`` in it, and return what guest.py says about it.

    Raises:
        Problem: The guest died, or did not end in time.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=scratch) as folder:
        result, console, job_file = (Path(folder) / name for name in ("result", "console", "job"))
        job_file.write_text(json.dumps(job), encoding="utf-8")
        command = machine.arguments(_script(job_file), result, console)
        try:
            status = _boot(command, Path(folder), timeout)
        except subprocess.TimeoutExpired:
            raise OutOfTime(
                f"the guest was ended after {timeout:g} seconds, see --timeout\n{_read(console)}"
            ) from None
        try:
            verdict: dict[str, Any] = json.loads(_read(result))
        except ValueError:
            text = _read(console) or "nothing on its console"
            raise Problem(f"the guest died (virtme-run said {status}):\n{text}") from None
        return verdict


def _script(job: Path) -> str:
    """Return the shell script that virtme-ng runs in the guest.

    virtme-ng mounts the host's files without a cache, so starting Python takes seconds. What nobody
    changes during a run, that is /usr, the interpreter and the checkout's virtual environment, is
    mounted again with one: three times faster. The rest stays as it is, and what one side writes
    the other side sees.
    """
    mount = "mount -t 9p -o rw,version=9p2000.L,trans=virtio,access=any,msize=512000,cache=loose"
    lines = ["mkdir /run/cached", f"{mount} cached /run/cached"]
    candidates = ("/usr", sys.prefix, sys.base_prefix, HERE.parents[1] / ".venv")
    still = {Path(path).resolve() for path in candidates}
    for path in sorted(still):
        if path.exists() and not any(parent in still for parent in path.parents):
            bind = shlex.join(["mount", "--bind", f"/run/cached{path}", str(path)])
            lines.append(bind)
    half = [sys.executable, "-B", "-E", "-S", str(HERE / "guest.py")]
    lines.append("exec " + shlex.join([*half, str(job), f"/dev/virtio-ports/{PORT}"]))
    return "\n".join(lines)


def _boot(arguments: list[str], folder: Path, timeout: float) -> int:
    """Run virtme-run in a process group of its own, so that QEMU ends with it."""
    with _site_without_spaces() as site:
        environment = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(site)}
        start = "import sys; from virtme.commands.run import main; sys.exit(main())"
        process = subprocess.Popen(
            [_python(), "-P", "-B", "-c", start, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            # Pipes, even if our own output is a file: QEMU would open that again and truncate it.
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        pumps = [
            threading.Thread(target=_pump, args=pair, daemon=True)
            for pair in ((process.stdout, sys.stdout), (process.stderr, sys.stderr))
        ]
        for pump in pumps:
            pump.start()
        try:
            status = process.wait(timeout)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            for pump in pumps:
                pump.join(5.0)
        return status


def _pump(source: IO[bytes], sink: IO[str]) -> None:
    """Pass on what comes, as it comes."""
    while data := os.read(source.fileno(), 65536):
        sink.buffer.write(data)  # type: ignore[attr-defined]
        sink.flush()


def _python() -> str:
    """Return an interpreter that has virtme-ng: ours, or that of the checkout."""
    for python in (sys.executable, str(HERE.parents[1] / ".venv/bin/python")):
        if os.access(python, os.X_OK) and _site_packages(python):
            return python
    raise Problem("virtme-ng is missing: .venv/bin/python -m pip install virtme-ng")


def _site_packages(python: str) -> str:
    """Return the directory that holds virtme-ng for an interpreter, or ""."""
    code = "import os, virtme; print(os.path.dirname(os.path.dirname(virtme.__file__)))"
    asked = subprocess.run([python, "-P", "-c", code], capture_output=True, text=True)
    return asked.stdout.strip()


@contextlib.contextmanager
def _site_without_spaces() -> Iterator[Path]:
    """Give virtme-ng a name without spaces.

    It puts the path of its init on the kernel's command line, where a space would end it.
    """
    with tempfile.TemporaryDirectory(prefix="hil-") as folder:
        link = Path(folder) / "site"
        link.symlink_to(_site_packages(_python()))
        yield link


def _quoted(path: Path) -> str:
    return str(path).replace(",", ",,")  # QEMU's way


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
