# SPDX-License-Identifier: MIT
"""The guest's half of the rig: load the cameras, run the command, hand back status and kernel log.

Runs as root inside the guest, started by machine.py as ``guest.py JOB RESULT``. JOB is a JSON
file on the shared file system; RESULT is a virtio port, because a checkout may be read-only.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from kernel_log import MARK, since_mark
from problem import Problem

NODES = Path("/sys/class/video4linux")
NODE_TIMEOUT_S = 20.0  # under emulation, udev takes its time


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    result: dict[str, Any] = {"status": None, "problem": ""}
    # Messages of the kernel on the console would only slow the serial line; all are in the log.
    Path("/proc/sys/kernel/printk").write_text("1\n", encoding="ascii")
    Path("/dev/kmsg").write_text(f"<6>{MARK}\n", encoding="ascii")
    try:
        variables: dict[str, str] = {}
        usb = [camera for camera in job["cameras"] if camera["usb"]]
        first = [play(camera) for camera in usb[:1]]  # it gets ready while the others are loaded
        for camera in job["cameras"]:
            if not camera["usb"]:
                variables |= load(camera)
        for number, camera in enumerate(usb):  # one by one, so that their nodes are in order
            variables |= plugged(camera, play(camera) if number else first[0])
        result["status"] = run(job["command"], job["cwd"], job["environment"] | variables)
    except Problem as problem:
        result["problem"] = str(problem)
    dmesg = subprocess.run(["dmesg"], capture_output=True, text=True, errors="replace")
    result["log"] = since_mark(dmesg.stdout)
    Path(sys.argv[2]).write_text(json.dumps(result) + "\n", encoding="ascii")


def load(camera: dict[str, Any]) -> dict[str, str]:
    """Load one row of the table and return the environment variables of its nodes."""
    if camera["file"]:
        # insmod does not look for what a module needs; modprobe does, but only in /lib/modules.
        needs = output("modinfo", "--field=depends", camera["file"]).strip()
        for need in filter(None, needs.split(",")):
            output("modprobe", need)
        output("insmod", camera["file"], *camera["parameters"])
    else:
        output("modprobe", camera["module"], *camera["parameters"])
    output("udevadm", "settle", "--timeout=30")

    variables = {}
    for node in camera["nodes"]:
        path = find(node["name"], camera["module"])
        variables[node["variable"]] = path
        if node["controls"]:
            output("v4l2-ctl", "--device", path, "--set-ctrl", node["controls"])
    return variables


def play(camera: dict[str, Any]) -> "subprocess.Popen[str]":
    """Start the program that plays a USB camera; it ends with the guest."""
    output("modprobe", "vhci-hcd")
    output("modprobe", camera["module"], *camera["parameters"])
    return subprocess.Popen(
        camera["usb"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )


def plugged(camera: dict[str, Any], player: "subprocess.Popen[str]") -> dict[str, str]:
    """Wait for a USB camera; return the variables of its nodes and of its command socket."""
    usb = camera["usb"]
    assert player.stdout is not None
    if player.stdout.readline() != "plugged in\n":
        raise Problem(f"the USB camera did not start: {shlex.join(usb)}")
    variables = {}
    for node in camera["nodes"]:
        variables[node["variable"]] = find_usb(node["name"])
        variables[f"{node['variable']}_SOCKET"] = usb[usb.index("--socket") + 1]
    return variables


def find_usb(serial: str) -> str:
    """Return the path of the capture node of the USB camera with a serial number."""
    deadline = time.monotonic() + NODE_TIMEOUT_S
    while time.monotonic() < deadline:
        for entry in NODES.glob("video*"):
            number = entry.joinpath("device/../serial")
            node = Path("/dev", entry.name)
            # Index 1 has metadata only.
            if (
                number.exists()
                and number.read_text(encoding="utf-8").strip() == serial
                and entry.joinpath("index").read_text(encoding="ascii").strip() == "0"
                and node.exists()
            ):
                output("udevadm", "settle", "--timeout=30")
                return str(node)
        time.sleep(0.05)
    raise Problem(f"uvcvideo made no node for the USB camera {serial}")


def find(name: str, module: str) -> str:
    """Return the path of the node that its driver calls ``name``."""
    deadline = time.monotonic() + NODE_TIMEOUT_S
    while True:
        present = {}
        for entry in NODES.glob("video*/name"):
            present[entry.read_text(encoding="utf-8").strip()] = f"/dev/{entry.parent.name}"
        if name in present and Path(present[name]).exists():
            return present[name]
        if time.monotonic() > deadline:
            raise Problem(f"{module} made no node named {name}; there are: {sorted(present)}")
        time.sleep(0.05)


def output(*command: str) -> str:
    """Run a tool that has to succeed and return what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise Problem(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def run(command: list[str], cwd: str, environment: dict[str, str]) -> int:
    """Run the user's command; its output goes straight to the host. Return a shell's status."""
    try:
        status = subprocess.run(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL
        ).returncode
    except FileNotFoundError as error:
        print(f"{error.filename}: not found in the guest", file=sys.stderr)
        return 127
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 126
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    main()
