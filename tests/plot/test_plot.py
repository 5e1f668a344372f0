"""Pictures: what is in them, without a display. Results and plain arrays are drawn alike."""

import io
import subprocess
import sys

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex import plot
from neurocorex.device.result import Result
from neurocorex.errors import InputError, MissingToolError
from neurocorex.plot.pictures import SAMPLES, TRACES

#: What the quantiser says of these networks is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")


def drawn(figure):
    """The figure as a PNG: rendering is where matplotlib finds most mistakes."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def dots(axis):
    """All (time, row) pairs of an axis, sorted."""
    return sorted(tuple(point) for part in axis.collections for point in np.asarray(part.get_offsets()).tolist())


RASTER = np.zeros((2, 4, 3), bool)
RASTER[0, 1, 2] = RASTER[1, 3, 0] = RASTER[1, 3, 1] = True


@pytest.fixture
def result():
    """Two samples of four steps of 2 ms, three neurons; membranes of neurons 0 and 2."""
    samples, times, neurons = np.nonzero(RASTER)
    return Result(
        steps=4,
        neurons=3,
        samples=2,
        spike_samples=samples,
        spike_times=times,
        spike_neurons=neurons,
        spikes_of=np.arange(3),
        spike_counts=RASTER.sum(axis=1),
        v_items=np.arange(16, dtype=np.int32).reshape(2, 4, 2),
        v_neurons=np.array([0, 2]),
        dt_ms=2.0,
        scales=np.array([2.0, 1.0, 4.0]),
        units="network",
    )


def test_raster_has_a_bar_for_each_spike():
    figure = plot.raster(RASTER[0])
    (axis,) = figure.axes
    assert dots(axis) == [(1.5, 2)]
    assert axis.get_xlim() == (0, 4)
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("time (ms)", "neuron")
    assert drawn(figure).startswith(b"\x89PNG")


def test_samples_follow_each_other():
    assert dots(plot.raster(RASTER, dt_ms=0.5).axes[0]) == [(0.75, 2), (3.75, 0), (3.75, 1)]


def test_result_and_array_give_the_same_raster(result):
    assert dots(result.raster().axes[0]) == dots(plot.raster(RASTER, dt_ms=2.0).axes[0])


def test_groups_have_names_and_share_all_spikes():
    figure = plot.raster(RASTER, groups={"hidden": slice(0, 2), "output": [2]})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["hidden", "output"]
    assert len(dots(figure.axes[0])) == 3
    drawn(figure)


def test_inputs_have_a_panel_of_their_own():
    inputs = np.ones((2, 4, 5), bool)
    figure = plot.raster(RASTER, inputs=inputs, labels=["first", "second"], title="two")
    assert [axis.get_ylabel() for axis in figure.axes] == ["input axon", "neuron"]
    assert len(dots(figure.axes[0])) == 40
    assert [text.get_text() for text in figure.axes[0].texts] == ["first", "second"]
    drawn(figure)


def test_only_the_first_samples_are_drawn():
    assert len(dots(plot.raster(np.ones((100, 2, 1), bool)).axes[0])) == 2 * SAMPLES


def test_silence_can_be_drawn():
    assert drawn(plot.raster(np.zeros((10, 3), bool), groups={"all": range(3)}))


def test_membranes_have_a_line_for_each_neuron():
    v = np.arange(12).reshape(4, 3)
    figure = plot.membranes(v, neurons=[5, 6, 9], threshold=[10, 20, 30], dt_ms=0.5)
    assert [axis.get_ylabel() for axis in figure.axes] == ["neuron 5", "neuron 6", "neuron 9"]
    zero, threshold, trace = figure.axes[1].lines
    assert set(zero.get_ydata()) == {0}
    assert set(threshold.get_ydata()) == {20}
    assert trace.get_xdata().tolist() == [0.5, 1, 1.5, 2]
    assert trace.get_ydata().tolist() == [1, 4, 7, 10]
    drawn(figure)


def test_membranes_of_a_result_show_its_spikes(result):
    figure = result.plot_v(sample=1, neurons=[0])
    (axis,) = figure.axes
    trace, spike = axis.lines[1:]
    assert trace.get_ydata().tolist() == [4, 5, 6, 7]
    assert spike.get_xdata() == [8.0, 8.0]


def test_many_membranes_are_cut_to_what_can_be_seen():
    assert len(plot.membranes(np.zeros((3, 100))).axes) == TRACES


def test_weights_are_drawn_symmetrically_about_zero():
    figure = plot.weights(np.array([[1, -5], [0, 2], [3, 3]]), inputs=1)
    axis = figure.axes[0]
    assert axis.images[0].get_clim() == (-5, 5)
    assert axis.lines[0].get_ydata() == [0.5, 0.5]
    assert axis.get_ylabel() == "from axon (neurons from 1 on)"
    drawn(figure)


def test_smallest_weight_of_8_bits_has_a_colour():
    assert plot.weights(np.array([[-128, 50]], np.int8)).axes[0].images[0].get_clim() == (-128, 128)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        pytest.param(lambda: plot.raster(np.zeros(3)), r"spikes have shape \(3,\), expected \[steps", id="spikes"),
        pytest.param(lambda: plot.raster(RASTER, inputs=np.zeros((2, 5, 1))), "another length", id="inputs"),
        pytest.param(lambda: plot.raster(RASTER, groups={"a": [3]}), "group 'a' names neuron 3", id="group"),
        pytest.param(lambda: plot.membranes(np.zeros((2, 0))), "no membranes", id="no membranes"),
        pytest.param(lambda: plot.membranes(np.zeros((2, 3)), neurons=[1]), "neurons names 1", id="neurons"),
        pytest.param(lambda: plot.membranes(np.zeros((2, 3)), sample=1), "no sample 1", id="sample"),
        pytest.param(lambda: plot.weights(np.zeros(3)), r"weights have shape \(3,\)", id="weights"),
    ],
)
def test_what_cannot_be_drawn_is_refused(action, message):
    with pytest.raises(InputError, match=message):
        action()


def test_membrane_that_was_not_recorded_is_named(result):
    with pytest.raises(InputError, match=r"membranes of neurons \[1\] were not recorded"):
        result.plot_v(neurons=[0, 1])


def test_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[plot\]'"):
        plot.weights(np.zeros((2, 2)))


# Weights that change -----------------------------------------------------------------------------


def growing():
    rng = np.random.default_rng(2)
    return np.cumsum(rng.integers(-3, 5, (20, 6, 4)), axis=0)


def test_weights_over_time_show_where_weights_are_and_their_spread():
    figure = plot.weights_over_time(growing(), steps=np.arange(20) * 50, dt_ms=0.5)
    assert drawn(figure)
    axis, side = figure.axes
    assert axis.get_xlim() == (0, 475)
    drawn_lines = sorted(tuple(line.get_ydata()) for line in axis.lines)
    assert drawn_lines == sorted(map(tuple, growing().reshape(20, -1).T.tolist()))
    assert [text.get_text() for text in side.get_legend().get_texts()] == ["before", "after"]


def test_weights_over_time_draw_those_that_learn():
    table, mask = growing(), np.zeros((6, 4), bool)
    mask[0, :2] = True
    axis = plot.weights_over_time(table, plastic=mask).axes[0]
    assert len(axis.lines) == 2
    assert [line.get_ydata()[-1] for line in axis.lines] == table[-1, 0, :2].tolist()
    assert axis.get_ylabel() == "weight (units of the chip)"
    assert plot.weights_over_time(np.zeros((3, 2, 2))).axes  # none learns


def test_weight_change_has_three_panels():
    table = growing()
    figure = plot.weight_change(table[0], table[-1], inputs=2)
    assert drawn(figure)
    panels = [axis for axis in figure.axes if axis.images and axis.get_title()]
    assert [axis.get_title() for axis in panels] == ["before", "after", "change"]
    assert np.array_equal(panels[2].images[0].get_array(), table[-1] - table[0])


def test_weight_histogram_counts_every_synapse():
    figure = plot.weight_histogram({"before": [3, 3, 3, 7], "after": [7, 7, 8, 9]})
    tops = [outline.get_xy()[:, 1].max() for outline in figure.axes[0].patches]
    assert tops == [3, 3]  # bins of two weights
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["before", "after"]
    assert drawn(plot.weight_histogram(np.full(5, 0.5)))


def test_bins_lie_between_the_steps_of_the_weights():
    steps = np.arange(1, 8) * 0.05
    edges = plot.weight_histogram(np.repeat(steps, [1, 2, 3, 4, 3, 2, 1])).axes[0].patches[0].get_xy()[:, 0]
    assert edges.min() == pytest.approx(0.025)
    assert edges.max() == pytest.approx(0.375)
    assert np.rint(np.unique(edges) / 0.025).astype(int).tolist() == [1, 3, 5, 7, 9, 11, 13, 15]


# Units -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def learned():
    """Weights of 0.1 to 0.6 that learn up to 0.6, on a chip with a gain: network, result, weights, plastic."""
    net = ncx.Network(inputs=8, neurons=4)
    net.connect(net.inputs, net.neurons, np.random.default_rng(1).uniform(0.1, 0.6, (8, 4)), plastic=True)
    net.connect(net.neurons, net.neurons, -0.2)
    net.neurons.set(threshold=1.0, tau_ms=20.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.05, -0.02, bounds=(0.0, 0.6), accumulate=12.0))
    spikes = ncx.encode.poisson([0.05] * 8, steps=500, seed=1)
    with ncx.open("emulator") as device:
        assert device.load(net).gain_input > 0
        result = device.run(spikes=spikes, record=["spikes", "v"], snapshot_every=50)
        return net, result, device.weights(), device.plastic()


def test_weights_are_drawn_in_units_of_the_network(learned):
    net, result, weights, plastic = learned
    figure = plot.weights(weights, inputs=8)
    assert figure.axes[0].images[0].get_clim() == pytest.approx((-0.6, 0.6), abs=0.005)
    assert figure.axes[1].get_ylabel() == "weight"
    axis = result.plot_weights(plastic=plastic).axes[0]
    highest = max(line.get_ydata().max() for line in axis.lines)
    assert highest == pytest.approx(0.6, abs=0.005)
    assert axis.get_ylabel() == "weight"
    spread = plot.weight_histogram(weights[plastic]).axes[0]
    assert 0 < spread.get_xlim()[1] < 0.65
    assert spread.get_xlabel() == "weight"
    change = plot.weight_change(net.weights, weights).axes[0]
    assert change.images[0].get_clim()[1] == pytest.approx(0.6, abs=0.005)


def test_membranes_and_thresholds_are_drawn_in_units_of_the_network(learned):
    net, result, _, _ = learned
    figure = result.plot_v(neurons=net.neurons[1:3], threshold=1.0)
    assert [axis.get_ylabel() for axis in figure.axes] == ["neuron 1", "neuron 2"]
    trace = figure.axes[0].lines[2].get_ydata()
    assert 0.5 < trace.max() <= 1.001
    each = result.plot_v(neurons=net.neurons[[2]], threshold=[0.1, 0.2, 0.3, 0.4])
    assert set(each.axes[0].lines[1].get_ydata()) == {0.3}


def test_pictures_of_chip_units_say_so(learned):
    chip = learned[1].in_units("chip")
    assert chip.plot_weights().axes[0].get_ylabel() == "weight (units of the chip)"
    assert chip.plot_v().get_suptitle() == "membranes (units of the chip)"
    assert learned[1].plot_v().get_suptitle() == "membranes"


def test_groups_are_populations(learned):
    net, result, _, _ = learned
    figure = result.raster(groups={"first": net.neurons[:2], "last": np.array([False, False, False, True])})
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "last", "in no group"]
    with pytest.raises(InputError, match=r"group 'in' takes neurons, got <8 inputs"):
        result.raster(groups={"in": net.inputs})


@pytest.mark.parametrize("draw", [lambda r: r.plot_v(scale=2.0), lambda r: r.plot_weights(scale=2.0)])
def test_scale_of_earlier_versions_is_refused(learned, draw):
    with pytest.raises(InputError, match=r"scale= is gone: results and Device.weights are in units of the network"):
        draw(learned[1])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot.weights_over_time(np.zeros((0, 2, 2))), "run with snapshot_every=100"),
        (lambda: plot.weights_over_time(np.zeros((3, 2, 2)), plastic=np.ones((2, 3))), r"plastic \(2, 3\)"),
        (lambda: plot.weight_change(np.zeros((2, 2)), np.zeros((2, 3))), r"shapes \(2, 2\) and \(2, 3\)"),
        (lambda: plot.weight_histogram({}), "no weights to draw"),
    ],
)
def test_weights_that_cannot_be_drawn_are_explained(draw, message):
    with pytest.raises(InputError, match=message):
        draw()


def test_pictures_know_no_result():
    loaded = "import sys, neurocorex.plot; sys.exit('neurocorex.device.result' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
