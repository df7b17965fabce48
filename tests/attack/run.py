#!/usr/bin/env python3
"""Runs this folder's tests; see tests/support/suite.py."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import suite  # noqa: E402

suite.main(HERE, needs_judges=False)
