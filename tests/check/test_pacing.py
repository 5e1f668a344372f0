"""Clock cycles per step by activity: equal to the formula, never below the roofline; and the command."""

import json

import neurocorex as ncx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurocorex.check import pacing
from neurocorex.cli.application import main
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.roofline import Roofline, weight_blocks
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.timing import busy_cycles
from support.superneuromat_models import CHIP

GEOMETRIES = st.builds(
    CoreConfig,
    neurons=st.integers(1, 300),
    inputs=st.integers(1, 300),
    lanes=st.sampled_from([1, 2, 4, 8, 16, 32]),
    weight_bits=st.sampled_from([4, 8, 16]),
    weight_ports=st.sampled_from([1, 2]),
    learning=st.sampled_from(Learning),
    extra_axons=st.integers(0, 40),
)
#: Two chips that other tests compile as well.
CHIPS = {"static": CoreConfig(), "stdp": CHIP}


@given(config=GEOMETRIES, data=st.data())
def test_no_step_takes_fewer_cycles_than_the_memories_allow(config: CoreConfig, data: st.DataObject) -> None:
    steps = data.draw(st.integers(1, 50))
    arrivals = data.draw(st.integers(0, steps * config.axons))
    columns = data.draw(st.integers(0, steps * config.neurons)) if config.learning else 0
    assert Roofline(config).cycles(steps, arrivals, columns) <= busy_cycles(config, steps, arrivals, columns)


def test_roofline_of_a_learning_chip_by_hand() -> None:
    roofline = Roofline(CoreConfig(neurons=256, inputs=64, lanes=16, weight_bits=8, learning=Learning.EXPONENTIAL))
    assert (roofline.word_bits, roofline.bits_per_cycle) == (9, 144)
    assert roofline.cycles(1, arrivals=16, columns=13) == 256 + 16 * 256 / 16 + 13 * 320 / 16
    assert roofline.events_per_second(80e6) == 1280e6


def test_a_single_port_halves_what_a_learning_chip_can_do_and_no_other() -> None:
    for learning, accesses in ((Learning.NONE, 1), (Learning.EXPONENTIAL, 2)):
        assert Roofline(CoreConfig(weight_ports=1, learning=learning)).accesses == accesses


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_blocks_of_a_board_give_the_bits_that_its_chip_takes(board) -> None:
    _, bits = weight_blocks(board)
    assert bits >= Roofline(board.config).bits_per_cycle


@pytest.mark.parametrize("config", CHIPS.values(), ids=CHIPS)
def test_the_simulated_chip_counts_what_the_formula_tells(config: CoreConfig) -> None:
    with ncx.open("rtl", config=config) as device:
        paces = pacing.measure(device, [0.0, 0.25, 1.0], steps=5)
    for pace in paces:
        assert pace.roofline <= pace.cycles == pace.formula
    assert [pace.columns > 0 for pace in paces] == [False, *[bool(config.learning)] * 2]
    assert paces[-1].arrivals == 5 * (config.inputs + config.neurons)


def test_every_step_has_equally_many_spikes() -> None:
    config = CoreConfig(neurons=40, inputs=20, lanes=8, learning=Learning.EXPONENTIAL)
    with ncx.open("emulator", config=config) as device:
        one, ten = (pacing.measure(device, [0.1], steps=steps)[0] for steps in (1, 10))
    assert (one.arrivals, one.columns) == (2 + 4, 4)
    assert (ten.arrivals, ten.columns) == (60, 40)
    assert ten.cycles == one.cycles


def test_5_percent_of_256_learning_neurons_take_a_twentieth_of_a_sweep_over_synapses() -> None:
    config = CoreConfig(neurons=256, inputs=64, lanes=16, learning=Learning.EXPONENTIAL)
    with ncx.open("emulator", config=config) as device:
        (pace,) = pacing.measure(device, [0.05])
    assert pace.columns / pace.steps == 13
    assert pace.cycles < 16_000 / 20


def test_bench_tells_cycles_by_activity(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "chip", "--device", "emulator", "-n", "40", "-l", "8", "-a", "0", "-a", "0.1", "--steps", "3"]
    main([*words, "--json"])
    values = json.loads(capsys.readouterr().out)
    assert list(values["cycles_per_step"]) == ["0 static", "0.1 static", "0 stdp", "0.1 stdp"]
    assert values["cycles_per_step"] == values["formula"]
    assert values["cycles_per_step"]["0 static"] == 40 + 14
    assert all(0 < share <= 1 for share in values["share_of_roofline"].values())
    assert [chip["config"]["learning"] for chip in values["chips"]] == [0, 1]
    main([*words, "--static"])
    title, heads, silent, *_ = capsys.readouterr().out.splitlines()
    assert title == "N = 40, M = 64, L = 8, W = 8, static"
    assert heads.split()[:2] == ["activity", "arrivals"]
    assert silent.split() == ["0%", "0.0", "0.0", "54.0", "54.0", "40.0", "74.1%"]


def test_bench_refuses_a_chip_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["bench", "chip", "-l", "3"])
    assert stop.value.code == 3
    assert "lanes must be one of" in capsys.readouterr().err
