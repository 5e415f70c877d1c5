# SPDX-License-Identifier: MIT
"""The one thing pyproject.toml cannot say: the C part is built by cffi."""

from setuptools import setup

setup(cffi_modules=["csrc/build_native.py:ffibuilder"])
