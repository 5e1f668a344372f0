"""Stimulus of a run: what is refused in words, and how much memory it takes."""

import tracemalloc

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.stimulus import Stimulus
from neurocorex.errors import InputError
from neurocorex.spec import CoreConfig

INPUTS, NEURONS = 3, 4


class Strange:
    """Array-like that cannot be read, as a tensor with a gradient."""

    def __init__(self, error):
        self._error = error

    def __array__(self, *_args, **_options):
        raise self._error


STRANGE = {
    "ragged": [[1, 2], [3]],
    "text": "abc",
    "type": int,
    "mapping": {"a": 1},
    "none": [[None] * 3] * 2,
    "number": 5,
    "empty": [],
    "nothing": [[]],
    "vector": np.zeros(3),
    "four axes": np.zeros((2, 3, 3, 3)),
    "complex": np.zeros((5, 3), complex),
    "dates": np.zeros((5, 3), "M8[s]"),
    "objects": np.zeros((5, 3), object),
    "iterator": iter([1]),
    "huge": [[10**30] * 3] * 2,
    "records": np.zeros(2, [("a", int), ("b", int)]),
    "tensor": Strange(RuntimeError("requires grad")),
    "no key": Strange(KeyError("x")),
    "narrow": np.zeros((5, 2)),
}


@pytest.fixture(scope="module")
def device():
    net = ncx.Network(inputs=INPUTS, neurons=NEURONS)
    net.connect(net.inputs, net.neurons, 1)
    with ncx.open("emulator") as device:
        device.load(net)
        yield device


@pytest.mark.parametrize("argument", ["spikes", "inject", "teacher", "changes", "clear"])
@pytest.mark.parametrize("value", STRANGE.values(), ids=STRANGE)
def test_what_cannot_be_a_stimulus_is_refused_in_words(device, argument, value):
    steps = {} if argument in ("spikes", "inject", "teacher") else {"steps": 5}
    with pytest.raises(InputError):
        device.run(**{argument: value}, **steps)
    assert device.counters()["steps"] == 0


@pytest.mark.parametrize("kind", [np.uint8, np.float64, np.int32])
def test_the_place_of_what_is_no_spike_is_named_wherever_it_is(device, kind, monkeypatch):
    monkeypatch.setattr("neurocorex.device.stimulus._PIECE", 20)
    spikes = np.zeros((2, 50, INPUTS), kind)
    spikes[1, 31, 2] = 3
    with pytest.raises(InputError, match=r"spikes must be 0 or 1, got 3.* at \[1, 31, 2\]; for currents use inject"):
        device.run(spikes=spikes)


@pytest.mark.parametrize("shape", [(7, 900), (3, 5, 900), (4000, 2), (0, 3)], ids=str)
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "strided"])
def test_large_tables_become_the_events_of_their_entries(shape, cut, monkeypatch):
    monkeypatch.setattr("neurocorex.events.arrays._PIECE", 1000)
    table = np.random.default_rng(1).random((*shape[:-1], shape[-1] * 2)) < 0.2
    table = table[..., ::2] if cut else np.ascontiguousarray(table[..., : shape[-1]])
    config = CoreConfig(inputs=shape[-1], neurons=4)
    stream = Stimulus.of(None, table, None, None, network=config, chip=config).stream
    rows, columns = np.nonzero(table.reshape(-1, shape[-1]))
    assert np.array_equal(stream.event_step, rows)
    assert np.array_equal(stream.event_index, columns)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8])
def test_a_large_table_is_not_copied(kind):
    table = np.zeros((40_000, 1000), kind)
    table[::100, ::10] = 1
    config = CoreConfig(inputs=1000, neurons=4)
    tracemalloc.start()
    stream = Stimulus.of(None, table, None, None, network=config, chip=config).stream
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert stream.event_step.size == 40_000
    assert peak < table.nbytes / 2
