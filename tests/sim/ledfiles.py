# SPDX-License-Identifier: MIT
"""LEDs of the kernel's LED class whose files are plain ones, so they keep what was written."""

from v4l2capture import Camera

__all__ = ["SHINES", "SMALL", "STREAMED", "STROBES", "Files", "opened"]

SHINES = {"brightness": 0, "max_brightness": 255, "trigger": "[none] timer torch"}
STROBES = SHINES | {
    "flash_strobe": 0,
    "flash_timeout": 300_000,
    "max_flash_timeout": 500_000,
    "flash_brightness": 700_000,
    "max_flash_brightness": 1_000_000,
    "flash_fault": "",
}

# Photos of the webcam.
SMALL = {"image_width": 320, "image_height": 240}
STREAMED = {"image_width": 640, "image_height": 480}  # as it is: light has settled


class Files:
    """The folder of an LED."""

    def __init__(self, folder, values):
        self.folder = folder
        self.path = str(folder)
        folder.mkdir(parents=True)
        self.write(**values)

    def write(self, **values):
        for name, value in values.items():
            (self.folder / name).write_text(f"{value}\n")

    def read(self):
        files = sorted(self.folder.iterdir())
        return {each.name: each.read_text().strip() for each in files}

    def __getitem__(self, name):
        return int((self.folder / name).read_text())


def opened(files, profile="webcam"):
    return Camera(f"sim:{profile}", lamp=files.path)
