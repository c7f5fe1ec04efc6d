"""The conformance corpus, run by `apus translate` through the code that answers requests, and judged by the corpus's own grader."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

from conftest import PROGRAM, ROOT

FORMATS = pathlib.Path(os.environ.get("APUS_SHARED", ROOT.parent / "shared")) / "formats"
sys.path.insert(0, str(FORMATS))
CASES = sorted((FORMATS / "cases").glob("*.json"))


def test_the_corpus_is_there():
    assert len(CASES) > 90


@pytest.fixture(scope="session")
def results():
    """What the gateway makes of every case."""
    lines = subprocess.run([PROGRAM, "translate", *CASES], capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    return {case.stem: json.loads(line) for case, line in zip(CASES, lines, strict=True)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_case_is_translated_as_it_is_expected(case, results):
    from compare_case import compare
    assert not compare(json.loads(case.read_text()), results[case.stem])
