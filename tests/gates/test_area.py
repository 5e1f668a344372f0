"""Area after synthesis: block RAM grows with the neurons, logic does not; and the size of a whole chip."""

import json
import subprocess
from dataclasses import replace

import pytest
from amaranth.back import rtlil
from neurocorex.fpga.parts import Family
from neurocorex.spec import CoreConfig, Learning
from neurocorex_hdl.chip import Chip
from neurocorex_hdl.core import Core
from neurocorex_hdl.learning.engine import LearningEngine
from neurocorex_hdl.neurons.parameters import packs
from neurocorex_hdl.synthesis.yosys import preparation, synthesis
from neurocorex_sim.export import yosys

pytestmark = pytest.mark.slow

#: Few lanes and narrow weights are quick to synthesise; with so many groups the sums are in block RAM too.
SIZES = {neurons: CoreConfig(neurons=neurons, inputs=1, lanes=4, weight_bits=4) for neurons in (132, 256)}


#: The chip whose size is promised, with a learning engine and the link.
PROMISED = CoreConfig(neurons=256, inputs=256, lanes=8, weight_bits=8, learning=Learning.EXPONENTIAL)


def cells(design, folder, options=""):
    """Cells by type for Artix-7."""
    (folder / "top.il").write_text(rtlil.convert(design, name="top", emit_src=False))
    commands = ["read_rtlil top.il", *preparation(), f"{synthesis(Family.XC7, 'top')} {options}"]
    # YoWASP sees the current folder only.
    script = "; ".join([*commands, "tee -q -o stat.json stat -json"])
    subprocess.run([yosys(), "-q", "-p", script], cwd=folder, check=True, capture_output=True)
    return json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]


@pytest.fixture(scope="module")
def areas(tmp_path_factory):
    """Cells of both sizes before gates are put into LUTs: memories and multipliers have their places then."""
    return {
        neurons: cells(Core(config), tmp_path_factory.mktemp("area"), "-noiopad -run begin:map_ffs")
        for neurons, config in SIZES.items()
    }


def gates(area):
    return sum(count for kind, count in area.items() if kind.startswith("$_"))


def lut_rams(area):
    return sum(count for kind, count in area.items() if kind.startswith(("RAM32", "RAM64", "RAM128", "RAM256")))


def block_rams(area):
    """Block RAMs; a half is a half."""
    return area.get("RAMB36E1", 0) + area.get("RAMB18E1", 0) / 2


@pytest.mark.parametrize("neurons", SIZES)
def test_every_memory_of_the_neurons_is_block_ram(areas, neurons):
    # Packs of regions, injected currents, arrivals and weights; the sums, four times 12 or 13 bits, take two.
    assert 2 * block_rams(areas[neurons]) >= len(packs(SIZES[neurons])) + 2 + SIZES[neurons].lanes + 2


def test_memory_in_luts_does_not_grow_with_the_neurons(areas):
    assert lut_rams(areas[256]) == lut_rams(areas[132])


def test_logic_does_not_grow_with_the_neurons(areas):
    assert gates(areas[256]) < 1.05 * gates(areas[132])


def test_decays_are_the_only_multipliers(areas):
    assert all(area["DSP48E1"] == 3 for area in areas.values())


def test_chip_of_256_neurons_that_learns_takes_less_than_5000_luts_and_45_block_rams(tmp_path):
    area = cells(Chip(PROMISED, 100_000_000, 1_000_000), tmp_path)
    # A RAM32M or RAM64M takes four LUTs, and a shift register one.
    logic = sum(count for kind, count in area.items() if kind.startswith("LUT"))
    shifts = sum(count for kind, count in area.items() if kind.startswith("SRL"))
    assert logic + 4 * lut_rams(area) + shifts <= 5000
    assert block_rams(area) <= 45


#: A learning engine that is quick to synthesise, and what its options take in each lane at most.
ENGINE = CoreConfig(neurons=32, inputs=32, lanes=4, learning=Learning.EXPONENTIAL)
OPTIONS = {"two rules": ({"rules": 2}, 50), "four rules and terms": ({"rules": 4, "terms": True}, 170)}


def luts(area):
    return sum(count for kind, count in area.items() if kind.startswith("LUT"))


@pytest.fixture(scope="module")
def plain_engine(tmp_path_factory):
    return cells(LearningEngine(ENGINE), tmp_path_factory.mktemp("engine"), "-noiopad")


@pytest.mark.parametrize("name", OPTIONS)
def test_rules_and_terms_take_few_luts_in_each_lane_and_no_multiplier_or_block_ram(plain_engine, tmp_path, name):
    built, most = OPTIONS[name]
    area = cells(LearningEngine(replace(ENGINE, **built)), tmp_path, "-noiopad")
    assert luts(area) - luts(plain_engine) <= most * ENGINE.lanes
    assert area["DSP48E1"] == plain_engine["DSP48E1"]
    assert block_rams(area) == block_rams(plain_engine)
