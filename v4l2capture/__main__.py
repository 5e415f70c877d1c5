# SPDX-License-Identifier: MIT
"""``python -m v4l2capture`` is the command ``v4l2capture``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
