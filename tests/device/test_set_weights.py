"""Weights are written as they were read: all, in blocks, or synapse by synapse; what does not fit changes nothing."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.emulated import EmulatedChip
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import InputError
from neurocorex.learning import stdp, superneuromat
from neurocorex.spec import CoreConfig, Op, Region, Request, RequestDecoder
from support.fakes import WrappedTransport

#: What the quantiser says of these networks is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")

CHIP = CoreConfig(neurons=24, inputs=16, lanes=2, extra_axons=2, learning=1, frame_bytes=64)


class Counting(WrappedTransport):
    """Keeps the requests that go by."""

    def __init__(self, inner):
        super().__init__(inner)
        self._decoder = RequestDecoder()
        self.requests = []

    def write(self, data):
        super().write(data)
        self.requests += [each for each in self._decoder.feed(data) if isinstance(each, Request)]

    def writes(self):
        return [each for each in self.requests if each.op == Op.WRITE and each.payload[0] == Region.WEIGHTS]


def network():
    rng = np.random.default_rng(8)
    net = ncx.Network(inputs=6, neurons=9)
    net.connect(net.inputs, net.neurons, rng.uniform(-1, 1, (6, 9)), plastic=True)
    net.connect(net.neurons, net.neurons, rng.uniform(-0.2, 0.2, (9, 9)))
    net.neurons.set(threshold=1.0)
    net.learn(stdp(20.0, 20.0, 0.1, -0.1, bounds=(-1.0, 1.0)))
    return net


@pytest.fixture(params=["in process", "by wire"])
def device(request):
    chip = EmulatedChip(CHIP) if request.param == "in process" else WiredChip(VirtualTransport(CHIP))
    with Device(chip) as opened:
        opened.net = network()
        opened.load(opened.net)
        yield opened


def test_what_was_read_can_be_written_back(device):
    weights, raw = device.weights(), device.read(Region.WEIGHTS)
    assert weights.shape == (15, 9)
    device.set_weights(0.0)
    assert not device.weights().any()
    report = device.set_weights(weights)
    assert (report.synapses, report.rounded, report.max_error) == (135, 0, 0.0)
    assert str(report) == "135 weights set, all exactly"
    assert np.array_equal(device.read(Region.WEIGHTS), raw)


def test_integers_of_the_chip_can_be_written_back(device):
    items, raw = device.weights(units="chip"), device.read(Region.WEIGHTS)
    device.set_weights(0, units="chip")
    device.set_weights(items, units="chip")
    assert np.array_equal(device.read(Region.WEIGHTS), raw)
    with pytest.raises(InputError, match="must be integers"):
        device.set_weights(items * 1.0, units="chip")


def test_block_by_populations(device):
    net, expected = device.net, device.weights()
    device.set_weights([[0.0, 0.0], [0.0, 0.0]], net.inputs[2:4], net.neurons[[7, 1]])
    expected[np.ix_([2, 3], [7, 1])] = 0
    assert np.array_equal(device.weights(), expected)
    device.set_weights(0.0, net.neurons[4], net.neurons)
    expected[10] = 0
    assert np.array_equal(device.weights(), expected)


def test_block_by_rows_slices_and_masks(device):
    expected = device.weights()
    device.set_weights(0.0, slice(3, 5), np.arange(9) > 6)
    expected[3:5, 7:] = 0
    device.set_weights(np.zeros((1, 9)), source=14)
    expected[14] = 0
    assert np.array_equal(device.weights(), expected)


def test_single_synapses(device):
    net, expected = device.net, device.weights()
    value = expected[0, 0]
    device.set_weights([(0, 3, value), (14, 8, 0.0), (np.int64(2), np.int8(1), 0)])
    expected[[0, 14, 2], [3, 8, 1]] = value, 0, 0
    assert np.array_equal(device.weights(), expected)
    device.set_weights([(net.inputs[5], net.neurons[:2], 0.0), (net.neurons[1], 0, 0.0)])
    expected[5, :2], expected[7, 0] = 0, 0
    assert np.array_equal(device.weights(), expected)
    device.set_weights([(1, 0, 0.0)], net.inputs[3:5], net.neurons[4:])
    expected[4, 4] = 0
    assert np.array_equal(device.weights(), expected)
    assert device.set_weights([]).synapses == 0


def test_sparse_matrix_sets_what_it_holds(device):
    sparse = pytest.importorskip("scipy.sparse")
    expected = device.weights()
    device.set_weights(sparse.coo_matrix(([0.0, expected[0, 0]], ([1, 2], [3, 4])), shape=expected.shape))
    expected[1, 3], expected[2, 4] = 0.0, expected[0, 0]
    assert np.array_equal(device.weights(), expected)


def test_plastic_flags_stay_and_learning_goes_on_from_there(device):
    plastic = device.plastic()
    device.set_weights(0.0, device.net.inputs)
    assert np.array_equal(device.plastic(), plastic)
    spikes, teacher = np.zeros((30, 6), bool), np.zeros((30, 9), bool)
    spikes[::3], teacher[1::3] = True, True
    device.run(spikes=spikes, teacher=teacher)
    assert device.weights()[:6].min() > 0


def test_rounding_is_reported(device):
    step = np.diff(np.unique(device.weights()[:6])).min()
    report = device.set_weights([(0, 0, 10.25 * step), (1, 0, 20 * step)])
    assert (report.synapses, report.rounded, report.vanished) == (2, 1, 0)
    assert report.max_error == pytest.approx(0.25 * step)
    assert report.relative_error == pytest.approx(0.25 / np.hypot(10.25, 20))
    assert str(report).startswith("2 weights set, 1 rounded: error 1.1")
    with pytest.warns(UserWarning, match="1 of 1 weights are too small for the scale of this network and became 0"):
        assert device.set_weights([(0, 0, 0.4 * step)]).vanished == 1
    assert device.weights()[0, 0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ([(0, 3, 50.0)],),
            r"weight from axon 0 to neuron 3 can be -\S+ to \S+ at the scale of this network, got 50.0",
        ),
        ((np.full((15, 9), -9.0),), r"135 weights are out of range, first: the weight from axon 0 to neuron 0"),
        ((np.zeros((15, 8)),), r"shape \(15, 8\), expected \(15, 9\) \(axons, neurons\)"),
        ((np.zeros((42, 24)),), r"the whole memory of the chip takes device.write\(Region.WEIGHTS"),
        ((np.zeros((2, 9)), slice(0, 3)), r"shape \(2, 9\), expected \(3, 9\)"),
        (([(0, 9, 0.5)],), r"post names neuron 9, there are 9"),
        (([(15, 0, 0.5)],), r"pre names neuron 15|pre names axon 15"),
        (([(0, 1, 0.5), (0, 1, 0.5)],), r"the synapse \(0, 1\) \(axon, neuron\) is given twice"),
        (([(0, 1)],), r"needs tuples \(pre, post, weight\)"),
        (([(0, 1, np.nan)],), r"must be finite, got nan at \[0, 1\]"),
        ((0.5, [0, 0]), r"source names 0 twice"),
        ((0.5, 0, [1, 1]), r"target names 1 twice"),
        ((0.5, 99), r"source names axon 99, there are 15"),
        (("big",), r"weights must be numbers"),
    ],
)
def test_bad_weights_are_explained_and_nothing_is_written(device, arguments, message):
    before = device.read(Region.WEIGHTS)
    with pytest.raises(InputError, match=message):
        device.set_weights(*arguments)
    assert np.array_equal(device.read(Region.WEIGHTS), before)


def test_only_what_is_named_goes_over_the_wire():
    line = Counting(VirtualTransport(CHIP))
    with Device(WiredChip(line)) as device:
        net = network()
        device.load(net)
        raw = device.read(Region.WEIGHTS)
        line.requests.clear()
        device.set_weights(0.0, net.neurons[2], net.neurons[3:6])
        (request,) = line.writes()
        row, column = CHIP.inputs + 2, 3
        assert request.payload == bytes(
            [Region.WEIGHTS, *row.to_bytes(2, "little"), *column.to_bytes(2, "little"), 0, 0, 0]
        )
        raw[row, 3:6] = 0
        assert np.array_equal(device.read(Region.WEIGHTS), raw)


def test_raw_writing_names_the_way_in_units_of_the_network():
    net = network()
    with ncx.open("emulator") as device:
        device.load(net)
        with pytest.raises(
            InputError, match=r"holds integers, got an array of float64; weights in the units.*set_weights"
        ):
            device.write(Region.WEIGHTS, device.weights())


def test_weights_that_drift_go_on_from_what_was_set():
    """A drift may be put off by a chip; a weight that was set just now must not get what came before."""
    config = CoreConfig(neurons=6, inputs=5, weight_bits=8, learning=2, window_steps=4)
    net = ncx.Network(inputs=5, neurons=6)
    net.connect(net.inputs, net.neurons, 60, plastic=True)
    net.neurons.set(threshold=10_000)
    net.learn(superneuromat([4, 2], [0, -1]))
    for chip in (EmulatedChip(config), WiredChip(VirtualTransport(config))):
        with Device(chip) as device:
            device.load(net)
            device.run(7)
            before = device.weights()
            fall = device.run(5, snapshot_every=5).weights_over_time
            pace = fall[1] - fall[0]
            assert pace[:5].max() < 0
            device.set_weights([(0, 3, 100), (4, 0, -20)])
            device.set_weights(7, net.inputs[1:3], net.neurons[2:4])
            expected = before + pace
            expected[0, 3], expected[4, 0], expected[1:3, 2:4] = 100, -20, 7
            assert np.array_equal(device.weights(), expected)
            device.run(5)
            assert np.array_equal(device.weights(), expected + pace)


# Axons -------------------------------------------------------------------------------------------


def test_weights_of_several_delays_are_written_by_rows():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.neurons[0], net.neurons[1], 0.5)
    net.connect(net.neurons[0], net.neurons[2], 0.25, delay_ms=4.0)
    with ncx.open("emulator") as device:
        device.load(net)
        with pytest.raises(
            InputError, match=r"neuron 0 has connections with another delay, .* in row 4 .*source=\[4\]"
        ):
            device.set_weights(0.1, net.neurons[0], net.neurons)
        device.set_weights(0.25, net.neurons[0], net.neurons[1])
        device.set_weights(0.5, [4], net.neurons[2])
        assert device.weights()[[1, 4]].tolist() == [[0, 0.25, 0], [0, 0, 0.5]]


def test_weights_on_a_silent_axon_are_told():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.neurons[0], net.neurons[1], 0.5)
    with ncx.open("emulator") as device:
        device.load(net)
        with pytest.warns(UserWarning, match="on the axon of neuron 2, which is silent: its delay is 0"):
            device.set_weights(0.5, net.neurons[2], net.neurons[1])


def test_nothing_is_written_before_load():
    with ncx.open("emulator") as device, pytest.raises(InputError, match="no network was loaded"):
        device.set_weights(0.0)
