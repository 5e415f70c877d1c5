# SPDX-License-Identifier: MIT
"""The guest rig's reading of kernel logs (tools/hil/kernel_log.py)."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PATH = Path(__file__).resolve().parents[2] / "tools/hil/kernel_log.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kernel_log", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


kernel_log = load()

TROUBLE = {
    "warning": "WARNING: CPU: 1 PID: 811 at drivers/media/common/videobuf2/videobuf2-core.c:1612",
    "lockdep": "WARNING: possible circular locking dependency detected",
    "null pointer": "BUG: kernel NULL pointer dereference, address: 0000000000000008",
    "page fault": "BUG: unable to handle page fault for address: ffffc90000a3b000",
    "sleeping": "BUG: sleeping function called from invalid context at mm/slab.h:494",
    "kasan": "BUG: KASAN: slab-use-after-free in vb2_core_dqbuf+0x3a1/0x5d0",
    "soft lockup": "watchdog: BUG: soft lockup - CPU#0 stuck for 130s! [python3:402]",
    "bug at": "kernel BUG at mm/slub.c:435!",
    "oops": "Oops: 0002 [#1] PREEMPT SMP NOPTI",
    "protection": "general protection fault, probably for non-canonical address 0xdead000000000100",
    "panic": "Kernel panic - not syncing: Fatal exception",
    "trace": "Call Trace:",
    "hung task": "INFO: task v4l2-ctl:512 blocked for more than 120 seconds.",
    "stall": "rcu: INFO: rcu_preempt self-detected stall on CPU",
    "ubsan": "UBSAN: array-index-out-of-bounds in drivers/media/v4l2-core/v4l2-ctrls-api.c:77:3",
    "refcount": "refcount_t: underflow; use-after-free.",
    "usb": "vhci_hcd: cannot find a urb of seqnum 45909 max seqnum 45912",
    "list": "list_del corruption. prev->next should be ffff88810a, but was ffff88810b",
}

HARMLESS = {
    "not a bug": "AMD-Vi: AMD IOMMUv2 functionality not available - This is not a bug.",
    "out of tree": "v4l2loopback: loading out-of-tree module taints kernel.",
    "unsigned": "v4l2loopback: module verification failed: signature and/or required key missing",
    "loaded": "v4l2loopback driver version 0.12.7 loaded",
    "vivid": "vivid-000: V4L2 capture device registered as video0",
    "user space": "traps: python3[402] general protection fault ip:7f21 sp:7ffd error:0",
    "segfault": "python3[402]: segfault at 8 ip 00007f21 sp 00007ffd error 4 in _native.abi3.so",
    "watchdog": "clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable",
    "mark": kernel_log.MARK,
    "warning inside": "i8042: Warning: Keylock active",
    "info": "NMI watchdog: Perf NMI watchdog permanently disabled",
}

STAMPS = {"stamped": "[   12.345678] ", "thread": "[   12.345678][  T402] ", "bare": ""}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS.keys())
@pytest.mark.parametrize("message", TROUBLE.values(), ids=TROUBLE.keys())
def test_report_of_the_kernel_is_trouble(message: str, stamp: str) -> None:
    log = f"{stamp}before\n{stamp}{message}\n{stamp}after\n"

    assert message in kernel_log.trouble(log)


@pytest.mark.parametrize("message", HARMLESS.values(), ids=HARMLESS.keys())
def test_line_that_only_sounds_like_trouble_is_none(message: str) -> None:
    assert kernel_log.trouble(f"[    1.000000] {message}\n") == ""


LATE_SLEEP = """\
[  115.870917] schedule_timeout: wrong timeout value ffffffffffffffff
[  115.871039] CPU: 1 PID: 285 Comm: vivid-000-vid-c Tainted: G           OE      6.1.0-56-amd64 #1
[  115.871078] Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-debian-1.16.2-1
[  115.871193] Call Trace:
[  115.871879]  <TASK>
[  115.871995]  dump_stack_lvl+0x44/0x5c
[  115.872199]  schedule_timeout+0x138/0x150
[  115.872226]  vivid_thread_vid_cap+0x3b7/0x420 [vivid]
[  115.872449]  </TASK>
"""


def test_vivid_that_sleeps_too_late_is_excused() -> None:
    """On a busy host that happens now and then, and it is nobody's fault but vivid's."""
    assert kernel_log.trouble(LATE_SLEEP) == ""
    assert "other_thread" in kernel_log.trouble(LATE_SLEEP.replace("vivid_thread", "other_thread"))
    assert "x.c:1" in kernel_log.trouble(LATE_SLEEP + "[  116.0] WARNING: CPU: 0 PID: 1 at x.c:1")


def test_empty_log_has_no_trouble() -> None:
    assert kernel_log.trouble("") == ""


def test_excerpt_has_the_report_and_not_the_whole_log() -> None:
    boot = "".join(f"[    0.{n:06}] boot {n}\n" for n in range(1000))
    report = "[    5.000000] WARNING: CPU: 0 PID: 1 at x.c:1\n[    5.000001] RIP: 0010:x+0x1\n"

    excerpt = kernel_log.trouble(boot + report)

    assert "RIP: 0010:x+0x1" in excerpt
    assert "boot 999" in excerpt
    assert "boot 900" not in excerpt


def test_many_reports_do_not_flood_the_terminal() -> None:
    log = "[    5.000000] WARNING: CPU: 0 PID: 1 at x.c:1\n" * 10_000

    assert len(kernel_log.trouble(log).splitlines()) == 200


def test_what_came_before_the_cameras_does_not_count() -> None:
    log = f"[    1.0] WARNING: CPU: 0 at boot.c:1\n[    2.0] {kernel_log.MARK}\n[    3.0] vivid\n"

    assert "boot.c" not in kernel_log.since_mark(log)
    assert "vivid" in kernel_log.since_mark(log)
