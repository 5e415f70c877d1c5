# SPDX-License-Identifier: MIT
"""Take a photo with the first camera that works, or with a simulated one.

Usage: python tools/demo.py [FILE]
"""

import sys
from pathlib import Path

from v4l2capture import Camera, CaptureError, Photo, list_devices


def take(camera_name: str) -> Photo:
    """Return a photo of what the camera sees once light has settled, in its largest size."""
    with Camera(camera_name) as camera:
        photo = camera.take_photo()
        print(f"{camera.info.card} ({camera_name}), {photo.width}x{photo.height}")
        return photo


def main(target: Path) -> int:
    for camera_name in [*(info.path for info in list_devices()), "sim:webcam"]:
        try:
            photo = take(camera_name)
        except (CaptureError, ValueError) as error:  # a frame may not be what a camera says
            print(f"Not {camera_name}: {error}", file=sys.stderr)
        else:
            print(f"The photo is in {photo.save(target).resolve()}")
            return 0
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "photo.jpg")))
