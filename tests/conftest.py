# SPDX-License-Identifier: MIT
"""Property tests try the same examples each time; ``--hypothesis-seed=random`` tries others."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from .faults.recorder import Recorder, note_quirks

# A machine that does other things, too, is slow; that is no failure.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults-to", type=Path, metavar="FILE", help="see tests/faults/recorder.py")


def pytest_configure(config: pytest.Config) -> None:
    # A shell lets its background jobs ignore Ctrl-C, and so would the programs that tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    file = config.getoption("--faults-to")
    if file and not hasattr(config, "workerinput"):  # one process writes for all
        config.pluginmanager.register(Recorder(file))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    note_quirks(items)
