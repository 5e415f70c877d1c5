# SPDX-License-Identifier: MIT
"""What pyproject.toml cannot say: cffi builds the C part, once for all Pythons from 3.11 on."""

from setuptools import setup

setup(
    cffi_modules=["csrc/build_native.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
