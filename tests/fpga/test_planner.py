"""Plan of a chip on a board: fit, advice, speed, and the command."""

import json
import random
import subprocess
import sys
from dataclasses import replace

import pytest
from neurocorex.errors import InputError
from neurocorex.fpga import plan as planned
from neurocorex.fpga.boards import BOARDS, find_board
from neurocorex.fpga.estimate import features
from neurocorex.fpga.placement import weights_are_too_many
from neurocorex.network.network import Network
from neurocorex.quantiser.quantise import quantise
from neurocorex.spec import CoreConfig, Learning
from neurocorex.spec.timing import busy_cycles

ULX3S = BOARDS["ulx3s-25f"]


@pytest.mark.parametrize("board", BOARDS.values(), ids=lambda board: board.name)
def test_every_board_has_room_for_its_default(board) -> None:
    plan = planned.make(board, board.config)
    assert plan.fits, plan.shortage
    assert board.config.learning


def test_too_many_weights_are_refused_by_name_with_what_would_help() -> None:
    plan = planned.make(ULX3S, CoreConfig(neurons=512, inputs=256, learning=Learning.EXPONENTIAL))
    assert not plan.fits
    assert "block RAM" in plan.shortage
    assert plan.advice[0].startswith("it fits with --")


def test_advice_fits() -> None:
    config = CoreConfig(neurons=256, inputs=512, lanes=16, learning=Learning.EXPONENTIAL)
    words = planned.make(ULX3S, config).advice[0].removeprefix("it fits with ").split(" or with ")
    for option, value in (word.split() for word in words):
        smaller = CoreConfig.from_dict({**config.to_dict(), option.lstrip("-").replace("-", "_"): int(value)})
        assert planned.make(ULX3S, smaller).fits, option


def test_advice_keeps_to_what_a_chip_with_errors_allows() -> None:
    config = CoreConfig(neurons=400, inputs=600, lanes=16, learning=Learning.EXPONENTIAL, errors=True, groups=10)
    (advice,) = planned.make(ULX3S, config).advice
    assert "--learning" not in advice
    assert "--neurons" in advice


@pytest.mark.parametrize("option", [{"errors": True}, {"rules": 2}, {"rules": 4, "terms": True}, {"terms": True}])
def test_options_that_no_build_knows_cost_something_and_widen_the_margin(option) -> None:
    plain = CoreConfig(neurons=64, inputs=64, lanes=8, learning=Learning.EXPONENTIAL)
    less, more = (planned.make(ULX3S, config) for config in (plain, replace(plain, **option)))
    assert more.needed["lut"] > less.needed["lut"]
    assert more.needed["ff"] > less.needed["ff"]
    assert more.to_dict()["margin"] > less.to_dict()["margin"]


def test_advice_names_other_boards_where_no_option_helps() -> None:
    small, config = BOARDS["tang-nano-9k"], CoreConfig(frame_bytes=4096, rx_frames=16, tx_frames=16)
    assert "it fits on" in planned.make(small, config).advice[0]
    assert "ulx3s-85f" in planned.boards_for(config)


def test_nothing_is_large_enough_for_everything() -> None:
    config = CoreConfig(neurons=4096, inputs=4096, weight_bits=16)
    assert planned.boards_for(config) == []
    assert "no other board" in planned.make(ULX3S, config).advice[0]


def test_steps_per_second_are_the_clock_over_the_cycles() -> None:
    plan = planned.make(ULX3S, ULX3S.config, clock_hz=40_000_000, arrivals=10, fired=2)
    assert plan.cycles_per_step == busy_cycles(ULX3S.config, 1, 10, 2)
    assert plan.steps_per_second == 40_000_000 / plan.cycles_per_step


def test_upload_takes_as_long_as_its_bytes_on_the_wire() -> None:
    config = CoreConfig(neurons=100, inputs=100)
    weights_alone = 10 * 100 * 200 / ULX3S.baud
    assert weights_alone < planned.make(ULX3S, config).upload_s < 1.25 * weights_alone


def test_negative_activity_is_refused() -> None:
    with pytest.raises(InputError, match="-1"):
        planned.make(ULX3S, ULX3S.config, arrivals=-1)


def test_estimates_grow_with_lanes_and_hardly_with_neurons() -> None:
    def luts(**sizes: int) -> float:
        return planned.needs(BOARDS["ulx3s-85f"], CoreConfig(learning=Learning.EXPONENTIAL, **sizes))["lut"]

    # Four times as many lanes cost three times what four times as many neurons do.
    assert luts(lanes=16, neurons=64) - luts(lanes=4, neurons=64) > 3 * (luts(neurons=256) - luts(neurons=64))
    assert luts(neurons=256) < 1.1 * luts(neurons=64)


def test_features_are_numbers_for_every_learning_engine() -> None:
    names = {tuple(features(CoreConfig(learning=learning))) for learning in Learning}
    assert len(names) == 1


def test_unknown_board_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ValueError, match="did you mean 'ulx3s-85f'"):
        find_board("ulx3s-86f")


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "neurocorex", *words], capture_output=True, text=True, check=False)


def test_boards_as_json() -> None:
    entries = json.loads(command("boards", "--json").stdout)["boards"]
    assert [entry["name"] for entry in entries] == list(BOARDS)
    for entry in entries:
        assert {"name", "family", "config", "clock_mhz", "tools"} <= set(entry)
        assert CoreConfig.from_dict(entry["config"]) == BOARDS[entry["name"]].config


def test_plan_as_json() -> None:
    words = ("plan", "--board", "ulx3s-25f", "--neurons", "256", "--inputs", "256", "--json")
    values = json.loads(command(*words).stdout)
    assert {"fits", "limits", "steps_per_second", "upload_s", "boards", "advice"} <= set(values)
    assert values["config"]["inputs"] == 256
    assert set(values["limits"]) == {"bram", "spram", "lut", "ff", "dsp"}


def test_plan_of_a_network_looks_at_all_boards(tmp_path) -> None:
    net = Network(inputs=8, neurons=4)
    net.connect(net.inputs, net.neurons, 0.6)
    image, _ = quantise(net, CoreConfig(neurons=4, inputs=8))
    image.save(tmp_path / "net.npz")
    values = json.loads(command("plan", str(tmp_path / "net.npz"), "--json").stdout)
    assert values["fits"]
    assert len(values["plans"]) == len(BOARDS)
    assert set(values["boards"]) == {plan["board"] for plan in values["plans"] if plan["fits"]}


def test_a_chip_of_too_many_weights_fits_by_no_other_count_either() -> None:
    """The short way to a refusal never refuses what the whole count allows."""
    rng, refused = random.Random(3), 0
    for _ in range(150):
        board = rng.choice([*BOARDS.values()])
        config = CoreConfig(
            neurons=int(2 ** rng.uniform(0, 11)), inputs=int(2 ** rng.uniform(0, 11)), lanes=2 ** rng.randrange(6),
            weight_bits=rng.choice([4, 8, 16]), weight_ports=rng.choice([1, 2]), learning=rng.choice([*Learning]),
        )  # fmt: skip
        if weights_are_too_many(config, board.part):
            refused += 1
            needed = planned.needs(board, config)
            assert needed["bram"] > board.part.bram or needed["spram"] > board.part.spram, (board.name, config)
    assert refused > 20


def test_boards_whose_defaults_do_not_go_with_an_option_are_named() -> None:
    values = json.loads(command("plan", "--learning", "1", "--errors", "1", "--json").stdout)
    assert {plan["board"] for plan in values["plans"]} | set(values["refused"]) == set(BOARDS)
    assert "4 lanes or more" in values["refused"]["icebreaker"]
    done = command("plan", "--learning", "0", "--errors", "1")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1), done.stderr


def test_what_cannot_fit_is_not_begun() -> None:
    done = command("build", "icebreaker", "--neurons", "1024", "--json")
    assert done.returncode == 5
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "fit"
    assert "icebreaker has not enough block RAM" in error["message"]


def test_unknown_board_on_the_command_line() -> None:
    done = command("plan", "--board", "icebraker")
    assert done.returncode == 3
    assert "did you mean 'icebreaker'?" in done.stderr
