"""Defects of earlier hardware, each of which this model must not have."""

import numpy as np
from neurocorex.emulator.emulator import Emulator
from neurocorex.events.stream import EventStream
from neurocorex.spec import Control, CoreConfig, Counter, Flag, Region

CLEAR_ALL = 65535
RECORD = Flag.RECORD_SPIKES | Flag.RECORD_MEMBRANE


def core(
    *, neurons: int = 4, inputs: int = 4, weights: dict[tuple[int, int], int], **columns: int | list[int]
) -> Emulator:
    """A core with these weights (axon, neuron) and parameters, one value for all neurons or one each."""
    emulator = Emulator(CoreConfig(neurons=neurons, inputs=inputs, lanes=2))
    table = np.zeros((inputs + neurons, neurons), int)
    for (axon, neuron), weight in weights.items():
        table[axon, neuron] = weight
    emulator.write(Region.WEIGHTS, table)
    columns = {"current_decay": CLEAR_ALL, "delay": 1, "flags": RECORD, **columns}
    for name, values in columns.items():
        emulator.write(Region[name.upper()], np.broadcast_to(values, neurons))
    return emulator


def test_simultaneous_input_spikes_arrive_in_one_step() -> None:
    emulator = core(weights={(axon, 0): 10 for axon in range(4)}, threshold=1000)
    emulator.step([0, 1, 2, 3])
    assert emulator.regions[Region.MEMBRANE][0] == 40
    assert emulator.counters[Counter.STEPS] == 1


def test_membrane_saturates_instead_of_wrapping() -> None:
    emulator = core(weights={(0, 0): -128}, threshold=100)
    emulator.write(Region.CONTROL, [7], Control.GAIN_INPUT)
    for _ in range(100):
        assert emulator.step([0]).spikes.size == 0
    assert emulator.regions[Region.MEMBRANE][0] == -(1 << 19)
    assert emulator.counters[Counter.SATURATIONS] == 68  # from the 33rd step on: 32 * 16384 = 2^19 fits exactly


def test_current_saturates_instead_of_wrapping() -> None:
    emulator = core(weights={(0, 0): 127}, threshold=(1 << 19) - 1, current_decay=0)
    emulator.write(Region.CONTROL, [7], Control.GAIN_INPUT)
    for _ in range(60):
        emulator.step([0])
    assert emulator.regions[Region.CURRENT][0] == (1 << 19) - 1


def test_firing_neuron_leaves_the_input_of_its_neighbour() -> None:
    emulator = core(weights={(0, 1): 50, (0, 0): 7, (0, 2): 7}, threshold=[1000, 40, 1000, 1000])
    assert emulator.step([0]).spikes.tolist() == [1]
    assert emulator.regions[Region.MEMBRANE].tolist() == [7, 0, 7, 0]


def test_synapse_to_the_previous_neuron_works() -> None:
    weights = {(0, 2): 50, (4 + 2, 1): 9, (4 + 2, 3): 9}
    emulator = core(weights=weights, threshold=[1000, 1000, 40, 1000])
    emulator.step([0])
    emulator.step()
    assert emulator.regions[Region.MEMBRANE].tolist() == [0, 9, 0, 9]


def test_every_recurrent_synapse_works() -> None:
    neurons = 9
    for source in range(neurons):
        weights = {(1 + source, target): 1 + target for target in range(neurons)}
        emulator = core(neurons=neurons, inputs=1, weights={(0, source): 100, **weights}, threshold=50)
        assert emulator.step([0]).spikes.tolist() == [source]
        emulator.step()
        assert emulator.regions[Region.MEMBRANE].tolist() == list(range(1, neurons + 1))


def test_recurrent_current_decays() -> None:
    weights = {(0, 0): 50, (4, 1): 64}
    emulator = core(weights=weights, threshold=[40, 1000, 1000, 1000], reset=-1000, current_decay=32768)
    emulator.step([0])
    currents = []
    for _ in range(8):
        emulator.step()
        currents.append(int(emulator.regions[Region.CURRENT][1]))
    assert currents == [64, 32, 16, 8, 4, 2, 1, 0]


def test_decay_ends_at_rest() -> None:
    emulator = core(weights={(0, 0): 100, (1, 1): -100}, threshold=1000, decay=1)
    emulator.step([0, 1])
    for _ in range(100):
        emulator.step()
    assert emulator.regions[Region.MEMBRANE].tolist() == [0, 0, 0, 0]


def test_last_input_spike_of_a_run_counts() -> None:
    emulator = core(weights={(0, 0): 50}, threshold=40)
    results = emulator.run(EventStream(5, np.array([4]), np.array([0])))
    assert results.event_step.tolist() == [4]


def test_spike_in_the_last_step_of_a_run_arrives_in_the_next_run() -> None:
    emulator = core(weights={(0, 0): 50, (4, 1): 50}, threshold=40)
    emulator.run(EventStream(1, np.array([0]), np.array([0])))
    assert emulator.run(EventStream(1)).event_index.tolist() == [1]


def test_state_can_be_cleared_between_samples() -> None:
    emulator = core(weights={(0, 0): 30, (4, 0): 100}, threshold=40, refractory=3)
    sample = EventStream(3, np.array([0, 1]), np.array([0, 0])).clearing(0)
    first, second = emulator.run(sample), emulator.run(sample)
    assert first.event_step.tolist() == [1]
    assert first == second
    together = emulator.run(EventStream.join([sample, sample]))
    assert together == EventStream.join([first, first])


def test_any_number_of_neurons_may_fire_at_once() -> None:
    emulator = core(neurons=50, inputs=1, weights={(0, target): 100 for target in range(50)}, threshold=50)
    assert emulator.step([0]).spikes.tolist() == list(range(50))


def test_comparison_is_strict() -> None:
    emulator = core(weights={(0, 0): 50, (0, 1): 50}, threshold=[50, 49, 0, 0])
    assert emulator.step([0]).spikes.tolist() == [1]


def test_silent_axons_cost_nothing() -> None:
    cycles = []
    for inputs in (4, 400):
        emulator = core(inputs=inputs, weights={(0, 0): 50}, threshold=40)
        emulator.step([0])
        cycles.append(emulator.counters[Counter.BUSY_CYCLES])
    assert cycles[0] == cycles[1]


def test_lanes_change_no_result() -> None:
    rng = np.random.default_rng(8)
    stimulus = EventStream.from_dense(rng.random((40, 6)) < 0.3)
    results = []
    for lanes in (1, 4, 16):
        emulator = Emulator(CoreConfig(neurons=9, inputs=6, lanes=lanes))
        emulator.write(Region.WEIGHTS, np.random.default_rng(9).integers(-60, 80, (15, 9)))
        for region, value in ((Region.THRESHOLD, 100), (Region.DELAY, 2), (Region.DECAY, 4000), (Region.FLAGS, RECORD)):
            emulator.write(region, np.full(9, value))
        results.append(emulator.run(stimulus))
    assert results[0].event_step.size > 0
    assert results[0] == results[1] == results[2]
