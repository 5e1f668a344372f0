"""What a device says of runs without a network, and of a network that is changed after it was loaded."""

import gc
import warnings
import weakref

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.emulator.transport import VirtualTransport
from neurocorex.errors import DisconnectedError, InputError, QuantisationWarning, StateLostError
from neurocorex.learning import stdp
from neurocorex.spec import CoreConfig, Region
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import SMALL, WrappedTransport


def build():
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, 2)
    net.connect(net.neurons, net.neurons[0], -1)
    return net


@pytest.fixture
def loaded():
    net = build()
    with ncx.open("emulator") as device:
        device.load(net)
        yield net, device


# Before load -------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"config": CoreConfig(neurons=4, inputs=3)}], ids=["elastic", "fixed"])
@pytest.mark.parametrize("by_wire", [False, True])
def test_running_before_loading_is_refused_in_words(options, by_wire):
    with ncx.open("emulator", by_wire=by_wire, **options) as device:
        with pytest.raises(InputError, match=r"no network was loaded, and the chip holds none; call device\.load"):
            device.run(10)
        device.load(build())
        assert device.run(10).steps == 10


class Kept(WrappedTransport):
    """Line to a chip that goes on when the host leaves."""

    def close(self) -> None:
        pass


def test_a_chip_that_holds_a_network_from_before_runs_it_and_that_is_logged(reference, caplog):
    line = Kept(VirtualTransport(SMALL))
    with Device(WiredChip(line)) as device:
        device.load(IMAGE)
        first = device.run(spikes=SPIKES[:20], record=BOTH)
    with Device(WiredChip(line)) as device:
        second = [device.run(spikes=SPIKES[at : at + 20], record=BOTH) for at in (20, 40)]
    assert np.array_equal(np.concatenate([each.spikes for each in (first, *second)]), reference.spikes)
    assert np.array_equal(
        np.concatenate([each.in_units("chip").v for each in (first, *second)]), reference.in_units("chip").v
    )
    assert caplog.text.count("this session loaded no network") == 1


def test_weights_alone_are_a_network():
    line = Kept(VirtualTransport(SMALL))
    with Device(WiredChip(line)) as device:
        device.write(Region.WEIGHTS, np.eye(SMALL.axons, SMALL.neurons, dtype=int))
    with Device(WiredChip(line)) as device:
        assert device.run(spikes=np.ones((3, SMALL.inputs), bool)).counts.sum() > 0


def test_whoever_writes_regions_knows_what_he_runs(reference):
    with ncx.open("emulator", config=SMALL) as device:
        for region, values in IMAGE.regions.items():
            device.write(region, values)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference.in_units("chip"))


def test_writing_does_not_hide_that_a_network_is_gone():
    device = ncx.open("emulator")
    device.load(build())
    device._session._drop()
    with pytest.raises(StateLostError, match="load it again"):
        device.write(Region.BIAS, np.zeros(device.config.neurons, int))
    with pytest.raises(DisconnectedError, match="the network is gone"):
        device.run(3)


# Changed after load ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda net: net.neurons[1].set(threshold=50), "threshold"),
        (lambda net: net.neurons.set(tau_ms=5.0, refractory="hold"), "decay, hold"),
        (lambda net: net.connect(net.inputs, net.neurons, 1), "weights"),
        (lambda net: net.connect(net.neurons[0], net.neurons, 1, delay_ms=4), "extra axons, weights"),
        (lambda net: net.learn(stdp(20, 20, 1, -1), between=(net.inputs, net.neurons)), "rule, plastic"),
        (lambda net: net.adaptation(step=3), "adaptation"),
        (lambda net: setattr(net, "weights", net.weights * 2), "weights"),
        (lambda net: np.copyto(net.weights, 1), "weights"),
        (lambda net: np.copyto(net.parameters["bias"], 1), "bias"),
    ],
    ids=["threshold", "several", "connect", "delay", "learn", "adaptation", "assigned", "written", "parameter written"],
)
def test_a_change_after_loading_is_told_once(loaded, change, named):
    net, device = loaded
    spikes = np.ones((20, 3), bool)
    before = device.run(spikes=spikes, clear=True).spikes
    change(net)
    with pytest.warns(
        UserWarning, match=rf"network has changed since it was loaded \(.*{named}.*call device.load"
    ) as told:
        after = device.run(spikes=spikes, clear=True).spikes
    assert told[0].filename == __file__
    assert np.array_equal(before, after)
    device.run(spikes=spikes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantisationWarning)  # of the changed network, not of the change
        device.load(net)
        device.run(spikes=spikes)


def test_a_second_change_is_told_again(loaded):
    net, device = loaded
    for threshold in (5, 6):
        net.neurons.set(threshold=threshold)
        with pytest.warns(UserWarning, match="threshold"):
            device.run(3)


def test_calls_that_change_nothing_are_no_change(loaded):
    net, device = loaded
    net.neurons.set(threshold=1)
    net.connect(net.inputs, net.neurons, 0)
    device.run(50)


def test_short_runs_notice_calls_and_leave_what_was_written_to_long_ones():
    net = ncx.Network(inputs=600, neurons=600)
    with ncx.open("emulator") as device:
        device.load(net)
        net.weights[5, 5] = 1
        device.run(1)
        with pytest.warns(UserWarning, match="weights"):
            device.run(100)
        net.connect(net.inputs[0], net.neurons[0], 1)
        with pytest.warns(UserWarning, match="weights"):
            device.run(1)


def test_a_device_does_not_keep_a_network_alive():
    net = build()
    there = weakref.ref(net)
    with ncx.open("emulator") as device:
        device.load(net)
        del net
        gc.collect()
        assert there() is None
        device.run(3)
