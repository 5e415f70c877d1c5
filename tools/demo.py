# SPDX-License-Identifier: MIT
"""Take a picture with the first camera that works, or with a simulated one.

Usage: python tools/demo.py [FILE]
"""

import itertools
import sys
from pathlib import Path

from v4l2capture import CaptureError, Device, list_devices

# A camera needs about half a second to find the exposure; its first frames may be black.
WARM_UP = 15


def take(camera: str) -> bytes:
    """Return a JPEG of what the camera sees once it has settled."""
    with Device(camera) as device, device.stream() as stream:
        frame = next(itertools.islice(stream, WARM_UP, None))
        got = device.format
        print(f"{device.info.card} ({camera}), {got.width}x{got.height} {got.pixel_format}")
        return frame.to_jpeg()


def main(target: Path) -> int:
    for camera in [*(info.path for info in list_devices()), "sim:webcam"]:
        try:
            target.write_bytes(take(camera))
        except CaptureError as error:
            print(f"Not {camera}: {error}", file=sys.stderr)
        else:
            print(f"The picture is in {target.resolve()}")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "photo.jpg")))
