"""What synthesis makes of the core: block RAM grows with the neurons, logic does not."""

import json
import subprocess

import pytest
from amaranth.back import rtlil
from neurocorex.spec import CoreConfig
from neurocorex_hdl.core import Core
from neurocorex_hdl.regions import packs
from neurocorex_sim.export import yosys

pytestmark = pytest.mark.slow

#: Few lanes and narrow weights are quick to synthesise; with so many groups the sums are in block RAM too.
SIZES = {neurons: CoreConfig(neurons=neurons, inputs=1, lanes=4, weight_bits=4) for neurons in (132, 256)}


def cells(config, folder):
    """Cells by type for Artix-7, before gates are put into LUTs: memories and multipliers have their places then."""
    (folder / "core.il").write_text(rtlil.convert(Core(config), name="core", emit_src=False))
    synthesis = "synth_xilinx -top core -family xc7 -flatten -noiopad -run begin:map_ffs"
    script = f"read_rtlil core.il; {synthesis}; tee -q -o stat.json stat -json"
    # YoWASP sees the current folder only.
    subprocess.run([yosys(), "-q", "-p", script], cwd=folder, check=True, capture_output=True)
    return json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]


@pytest.fixture(scope="module")
def areas(tmp_path_factory):
    """Cells of both sizes."""
    return {neurons: cells(config, tmp_path_factory.mktemp("area")) for neurons, config in SIZES.items()}


def gates(area):
    return sum(count for kind, count in area.items() if kind.startswith("$_"))


def lut_rams(area):
    return sum(count for kind, count in area.items() if kind.startswith(("RAM32", "RAM64", "RAM128", "RAM256")))


@pytest.mark.parametrize("neurons", SIZES)
def test_every_memory_of_the_neurons_is_block_ram(areas, neurons):
    # Packs of regions, injected currents, arrivals and weights; the sums, four times 12 or 13 bits, take two.
    halves = areas[neurons].get("RAMB18E1", 0) + 2 * areas[neurons].get("RAMB36E1", 0)
    assert halves >= len(packs(SIZES[neurons])) + 2 + SIZES[neurons].lanes + 2


def test_memory_in_luts_does_not_grow_with_the_neurons(areas):
    assert lut_rams(areas[256]) == lut_rams(areas[132])


def test_logic_does_not_grow_with_the_neurons(areas):
    assert gates(areas[256]) < 1.05 * gates(areas[132])


def test_decays_are_the_only_multipliers(areas):
    assert all(area["DSP48E1"] == 3 for area in areas.values())
