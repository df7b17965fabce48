#!/usr/bin/env python3
"""The evaluation set of questions: is it complete and sound, and do its gold queries give the same rows here as in DuckDB?"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import suite  # noqa: E402

suite.main(HERE, needs_judges=True)
