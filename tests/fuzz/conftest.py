# SPDX-License-Identifier: MIT
"""How long, and from which seed: ``FUZZ_SECONDS=60 pytest tests/fuzz --hypothesis-seed=1``."""

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = 5 * int(os.environ.get("FUZZ_SECONDS", "20"))

settings.register_profile(
    "fuzz",
    max_examples=EXAMPLES,
    stateful_step_count=60,
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.explicit, Phase.generate],  # a failure is long, but at once
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("fuzz")


def pytest_report_header(config):
    seed = config.getoption("hypothesis_seed") or "random, a failure prints it"
    return f"fuzz: {EXAMPLES} examples each, seed {seed}"
