# SPDX-License-Identifier: MIT
"""Property tests try the same examples each time; ``--hypothesis-seed=random`` tries others."""

from hypothesis import settings

# A machine that does other things, too, is slow; that is no failure.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
