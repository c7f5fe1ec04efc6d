"""docs/wires.md tells what the program really does, and leaves nothing unexplained."""
import pytest

import wires


@pytest.fixture(scope="module")
def table():
    return wires.fill()


def test_nothing_is_lost_without_a_report_or_a_reason(table):
    assert not table.unexplained


def test_the_page_is_what_the_program_does(table):
    assert wires.PAGE.read_text() == wires.page(table), "write it anew: python3 Tests/system/wires.py"


def test_every_reason_is_still_needed(table):
    assert set(wires.EXPLAINED) == table.explained
