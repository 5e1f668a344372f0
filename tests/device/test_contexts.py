"""Contexts of a network on a device: names, runs that switch, files, reports, and chips that have none."""

import pickle
import re
from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from neurocorex.events.stream import EventStream
from neurocorex.image import Image
from neurocorex.quantiser.quantise import quantised
from neurocorex.spec import Control, CoreConfig, Region
from support.paths import ROOT

CELLS = 12


def ring():
    """A ring on which one spike moves right, or by the other context left."""
    net = ncx.Network(inputs=1, neurons=2 * CELLS)
    right, left = net.neurons[:CELLS], net.neurons[CELLS:]
    forward = np.roll(np.eye(CELLS), 1, axis=1)
    for target in (right, left):
        net.connect(right, target, forward)
        net.connect(left, target, forward.T)
    net.connect(net.inputs, right[0], 1.0)
    net.neurons.set(threshold=0.5, tau_ms=0)
    net.context("right", left, gain=0.0)
    net.context("left", right, gain=0.0)
    return net


def places(spikes):
    """Cells that fired, step by step, by their places on the ring."""
    return [np.flatnonzero(row.reshape(2, CELLS).any(axis=0)).tolist() for row in spikes]


START = np.arange(10)[:, None] == 0
RIGHT = [[0], *([place] for place in range(1, 10))]


@pytest.fixture(scope="module")
def device():
    net = ring()
    with ncx.open("emulator", config=ncx.smallest_config(net)) as opened:
        opened.load(net)
        yield opened


def test_smallest_chip_has_room_for_the_contexts(device):
    assert device.config.contexts == 2
    assert np.count_nonzero(device.read(Region.CONTEXT_GAIN) == 0) == 2 * CELLS
    assert device.read(Region.CONTEXT_BIAS).shape == (2, 2 * CELLS)


def test_run_begins_in_the_first_context_and_can_switch(device):
    assert places(device.run(spikes=START, clear=True).spikes) == RIGHT
    turned = device.run(spikes=START, clear=True, context={4: "left", 7: "right"})
    assert [place for (place,) in places(turned.spikes)] == [0, 1, 2, 3, 4, 3, 2, 1, 2, 3]
    by_number = EventStream(10, [0], [0]).switching([4, 7], [1, 0])
    assert places(device.run(spikes=by_number, clear=True).spikes) == places(turned.spikes)


def test_example_of_the_page_runs(capsys):
    page = (ROOT / "docs" / "contexts.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(example, {})  # noqa: S102  # it is our own
    (told,) = re.findall(r"```\n(\[.*?\])\n```", page)
    report, _, printed = capsys.readouterr().out.rstrip().rpartition("\n")
    assert printed == told
    assert "contexts: 0 'to the right', 1 'to the left'" in report


def test_nir_has_no_contexts():
    for model in (ring(), quantised(ring())[0]):
        with pytest.raises(InputError, match=r"NIR has no contexts \(Network.context\)"):
            ncx.to_nir(model)


def test_context_of_a_run_ends_with_it_and_samples_do_not_change_it(device):
    two = device.run(spikes=np.stack([START, START]), context="left")
    assert [places(sample)[2:4] for sample in two.spikes] == [[[0], [11]]] * 2
    assert places(device.run(spikes=START, clear=True).spikes) == RIGHT


def test_device_puts_a_context_in_force_until_another_is(device):
    device.context("left")
    device.clear()
    assert places(device.run(spikes=START).spikes)[3] == [11]
    assert device.run(3, context="right", clear=True).steps == 3
    assert device.read(Region.CONTROL)[Control.CONTEXT] == 1
    device.context(0)
    assert places(device.run(spikes=START, clear=True).spikes) == RIGHT


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("up", "no context 'up'; this network has 'right', 'left'"),
        (2, "no context 2; this network has 'right'"),
        ({3: True}, "no context True"),
        ({99: "left"}, "context names step 99"),
    ],
    ids=str,
)
def test_what_is_no_context_is_refused(device, given, message):
    with pytest.raises(InputError, match=message):
        device.run(spikes=START, context=given)
    with pytest.raises(InputError, match="no context 3"):
        device.run(spikes=EventStream(10, [0], [0]).switching([4], [3]))


def test_stream_refuses_what_no_chip_has():
    with pytest.raises(InputError, match="contexts are numbers from 0 to 15, got 16 to 16"):
        EventStream(10).switching([4], [16])
    with pytest.raises(InputError, match="a switch names step 10"):
        EventStream(10).switching(10, 0)


def test_chip_without_contexts_names_the_parameter():
    net = ring()
    plain = replace(ncx.smallest_config(net), contexts=1)
    with ncx.open("emulator", config=plain) as opened:
        with pytest.raises(FitError, match=r"contexts 2 \(the chip has 1\)"):
            opened.load(net)
        for device_call in (
            lambda: opened.context(0),
            lambda: opened.run(3, context=0),
            lambda: opened.run(spikes=EventStream(3).switching(1, 0)),
        ):
            opened.write(Region.BIAS, np.ones(2 * CELLS, int))
            with pytest.raises(InputError, match=r"needs a chip with contexts.*CoreConfig\(contexts=2\)"):
                device_call()


def test_image_keeps_names_and_finds_its_place_on_larger_chips(tmp_path):
    net = ring()
    image, report = quantised(net)
    assert "contexts: 0 'right', 1 'left'" in str(report)
    image.save(tmp_path / "ring.npz")
    large = CoreConfig(neurons=50, inputs=9, contexts=8)
    with ncx.open("emulator", config=large) as opened:
        opened.load(Image.load(tmp_path / "ring.npz"))
        assert places(opened.run(spikes=START, context={4: "left"}).spikes)[6:8] == [[2], [1]]
        saved = opened.snapshot()
    small = replace(large, contexts=2)
    with ncx.open("emulator", config=small) as opened:
        opened.load(saved)
        assert opened.run(1, context="left").steps == 1
    with pytest.raises(FitError, match=r"2 contexts \(the chip has 1\)"):
        saved.fit(replace(large, contexts=1))


def test_checkpoint_goes_on_on_a_chip_with_more_contexts(tmp_path):
    net, path = ring(), tmp_path / "run.npz"
    whole = None
    for contexts in (2, 16):
        with ncx.open("emulator", config=CoreConfig(neurons=30, inputs=2, contexts=contexts)) as opened:
            opened.load(net)
            result = opened.run(spikes=START, context={4: "left"}, checkpoint=path, checkpoint_every=3)
        whole = whole or places(result.spikes)
        assert places(result.spikes) == whole


def test_biases_are_in_the_units_of_the_network_and_gains_are_told_in_percent():
    net = ncx.Network(inputs=2, neurons=4)
    net.connect(net.neurons, net.neurons, 0.25)
    net.neurons.set(bias=0.125)
    assert net.context("one") == 0
    assert net.context("two", net.neurons[1:3], bias=[0.5, -0.25], gain=[0.7, 0.003]) == 1
    assert net.context("two", net.neurons[0], gain=2) == 1
    config = CoreConfig(neurons=4, inputs=2, contexts=2)
    image, report = quantised(net, config)
    assert (image.regions[Region.CONTEXT_BIAS][1] / image.scale).tolist() == [0, 0.5, -0.25, 0]
    assert image.regions[Region.CONTEXT_GAIN].tolist() == [[256] * 4, [512, 179, 1, 256]]
    assert any("gains of neuron 2 in context 'two' move by more than 1%" in line for line in report.warnings)
    assert report.differences["context_gain"].relative == pytest.approx(1 / 256 / 0.003 - 1)
    assert not report.exact
    with ncx.open("emulator", config=config) as opened:
        opened.load(image)
        rest = opened.run(1, record="v", context="two")
        assert rest.v[0].tolist() == [0.125, 0.625, -0.125, 0.125]


def test_scale_leaves_room_for_the_strongest_context():
    net = ncx.Network(inputs=1, neurons=3)
    net.connect(net.neurons, net.neurons, 1.0)
    plain = quantised(net)[1].headroom
    net.context("loud", gain=8.0, bias=20.0)
    image, report = quantised(net)
    assert plain < 1
    assert report.headroom < 1
    assert not report.can_saturate
    assert image.scale < quantised(ring())[0].scale


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": ""}, "a context has a name such as"),
        ({"name": "a", "gain": 16}, "gain of a context must be 0 to 15.99"),
        ({"name": "a", "gain": -0.1}, "gain of a context must be 0 to"),
        ({"name": "a", "bias": np.inf}, "bias must be a finite number"),
        ({"name": "a", "bias": [1, 2]}, "bias needs one number, or 3"),
        ({"name": "a", "neurons": ring().neurons}, "neurons of this network"),
    ],
    ids=str,
)
def test_context_that_cannot_be_is_refused_and_nothing_is_declared(arguments, message):
    net = ncx.Network(inputs=1, neurons=3)
    with pytest.raises(InputError, match=message):
        net.context(**arguments)
    assert net.contexts == ()


def test_there_are_16_contexts_at_most_and_integers_stay_integers():
    net = ncx.Network(inputs=1, neurons=3)
    for number in range(16):
        assert net.context(f"context {number}", bias=number) == number
    with pytest.raises(InputError, match="at most 16 contexts, 'more' would be one more"):
        net.context("more")
    assert net.is_integer
    again = pickle.loads(pickle.dumps(net))  # noqa: S301
    assert again.contexts == net.contexts
    assert quantised(again)[0] == quantised(net)[0]
    assert quantised(net)[0].config.contexts == 16


def test_floats_agree_with_the_chip_in_the_first_context():
    rng, net = np.random.default_rng(1), ncx.Network(inputs=5, neurons=8)
    net.connect(net.inputs, net.neurons, rng.random((5, 8)))
    net.connect(net.neurons, net.neurons, rng.normal(0, 0.3, (8, 8)))
    net.context("damped", gain=rng.uniform(0.5, 2, 8), bias=rng.normal(0, 0.05, 8))
    net.context("free", gain=4.0)
    fidelity = ncx.measure_fidelity(net, rng.random((200, 5)) < 0.2)
    assert fidelity.match > 0.99
    assert fidelity.float_spikes.sum() > 300
