"""Benchmark of experiments: its rows on the byte layer, what limits them, and the form of its tables."""

import importlib
import sys

import neurocorex as ncx
import pytest
from neurocorex.demos import digits
from neurocorex.demos import digits_on_chip as job
from support.paths import ROOT

BAUD, PLAYS = 8_000_000, 24


@pytest.fixture(scope="module")
def bench():
    """Import the benchmark, which imports others by short names."""
    names = ("experiments", "link", "page")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("experiments")
    for name in names:
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def rows(bench):
    """Rows of all inputs and recorders, at the fastest rate, of a wired emulator against one in this process."""
    shown, config = digits.load_data()[2][:6], job.config(patterns=6)
    with (
        ncx.open("emulator", config=config, by_wire=True) as device,
        ncx.open("emulator", config=config) as emulator,
    ):
        for each in (device, emulator):
            job.load(each)
            each.store_patterns(job.rates(shown, config.rate_bits))
        meter = bench.Formula(device, BAUD)
        cases = [case for case in bench.cases(quick=False) if case.rate_bits == config.rate_bits]
        return [bench.row(case, (device, emulator), meter, BAUD, shown, PLAYS) for case in cases]


def test_every_row_gives_what_the_emulator_gives(rows):
    assert len(rows) == 12
    assert all(row["equal"] for row in rows)


def test_limit_is_what_is_busy_for_nearly_all_of_the_time(bench, rows):
    for row in rows:
        assert max(row["busy"].values()) == pytest.approx(1)
        assert row["busy"][row["limit"]] == max(row["busy"].values())
    assert bench.limit({"core": 0.5, "wire from it": 0.89}) == "no part alone"


def test_winners_of_patterns_are_few_bytes_and_limited_by_the_core(rows):
    found = {(row["stimulus"], row["out"]): row for row in rows}
    few, many = found["patterns", "winner"], found["spikes", "spikes and 10 membranes"]
    assert few["limit"] == "core"
    assert few["images_s"] > 20_000
    assert few["to_chip"] + few["from_chip"] < 60
    assert many["limit"] == "wire from it"
    assert few["images_s"] > 20 * many["images_s"]


def test_goals_are_told_with_what_limits(bench, rows):
    (line, _) = bench.goals(rows)
    assert line.startswith("rates in, winner out, 8 Mbaud:")
    assert ("not reached, limit: " in line) == (not line.endswith("reached"))


def test_page_has_the_columns_that_the_command_writes(bench):
    lines = bench.page.section(bench.PAGE, bench.MARK)[1]
    assert bench.page.markdown(bench.HEADS, [])[0] in lines
