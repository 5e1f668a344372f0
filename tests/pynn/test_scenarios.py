"""Scenarios of PyNN's own system tests, written anew: which pass, and which are refused, as docs/pynn.md says."""

import re
import warnings

import neurocorex.pynn as backend
import numpy as np
import pytest
from neurocorex.errors import InputError
from support.markdown import table
from support.paths import ROOT

#: Checks by scenario.
CASES = {}


def scenario(*names):
    """Register a check for scenarios of PyNN."""

    def register(check):
        CASES.update(dict.fromkeys(names, check))
        return check

    return register


def voltage(population, segment=0):
    return np.asarray(population.get_data("v").segments[segment].analogsignals[0].magnitude)


def trains(population, segment=0):
    return [np.asarray(train.magnitude) for train in population.get_data("spikes").segments[segment].spiketrains]


def deprecated(function, *arguments, **options):
    """Call a function that PyNN calls deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


@scenario("scenario1", "scenario1a")
def balanced_network_is_active_and_irregular(sim, tmp_path):
    cells = sim.Population(50, sim.IF_curr_exp(tau_syn_E=5.0, tau_syn_I=5.0, tau_refrac=5.0), label="all")
    cells.initialize(v=sim.RandomDistribution("uniform", (-65.0, -50.0), rng=sim.NumpyRNG(seed=3)))
    noise = sim.Population(50, sim.SpikeSourcePoisson(rate=400.0))
    sim.Projection(noise, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.6))
    for part, weight, kind in ((cells[:40], 0.1, "excitatory"), (cells[40:], -0.6, "inhibitory")):
        connector = sim.FixedProbabilityConnector(0.2, rng=sim.NumpyRNG(seed=4))
        sim.Projection(part, cells, connector, sim.StaticSynapse(weight=weight, delay=0.2), receptor_type=kind)
    cells.record("spikes")
    sim.run(500.0)
    gaps = [np.diff(train) for train in trains(cells) if len(train) > 3]
    assert 2 < cells.mean_spike_count() * 2 < 60
    assert np.mean([np.std(gap) / np.mean(gap) for gap in gaps]) > 0.2


@scenario("scenario2")
def interval_follows_from_the_injected_current(sim, tmp_path):
    cells = sim.Population(10, sim.IF_curr_exp(tau_refrac=2.0, v_thresh=-55.0))
    amplitudes = np.arange(0.0, 1.0, 0.1)
    for cell, amplitude in zip(cells, amplitudes, strict=True):
        cell.inject(sim.DCSource(start=0.0, stop=200.0, amplitude=float(amplitude)))
    cells.record("spikes")
    sim.run(200.0)
    for amplitude, train in zip(amplitudes, trains(cells), strict=True):
        if amplitude <= 0.5:
            assert not len(train)
        else:
            expected = 2.0 - 20 * np.log(1 - 10 / (20 * amplitude))
            assert np.diff(train) == pytest.approx(np.full(len(train) - 1, expected), abs=0.15)


@scenario("scenario3")
def weights_of_faster_sources_grow_by_stdp(sim, tmp_path):
    pre = sim.Population(40, sim.SpikeSourcePoisson(rate=10.0))
    pre[20:].set(rate=60.0)
    post = sim.Population(5, sim.IF_curr_exp(tau_refrac=5.0, tau_syn_E=2.0, tau_syn_I=2.0))
    rule = sim.STDPMechanism(
        sim.SpikePairRule(tau_plus=20.0, tau_minus=20.0, A_plus=0.02, A_minus=0.01),
        sim.AdditiveWeightDependence(w_min=0.0, w_max=1.0), dendritic_delay_fraction=0, weight=0.5,
    )  # fmt: skip
    link = sim.Projection(pre, post, sim.AllToAllConnector(), rule)
    sim.run(2000.0)
    weights = link.get("weight", "array")
    assert weights[20:].mean() > weights[:20].mean() + 0.1


@scenario("scenario4")
def connections_follow_from_distance(sim, tmp_path):
    grid = sim.space.Grid2D(aspect_ratio=1.0, dx=1.0, dy=1.0)
    cells = sim.Population(25, sim.IF_curr_exp(), structure=grid)
    connector = sim.DistanceDependentProbabilityConnector("d < 1.1", allow_self_connections=False)
    link = sim.Projection(cells, cells, connector, sim.StaticSynapse(weight="0.1 + 0.1*d", delay="0.1 + 0.1*d"))
    x, y, _ = cells.positions
    for i, j, weight, delay in link.get(["weight", "delay"], "list"):
        distance = np.hypot(x[int(i)] - x[int(j)], y[int(i)] - y[int(j)])
        assert (distance, weight, delay) == pytest.approx((1.0, 0.2, 0.2))
    assert len(link) == 80
    sim.run(1.0)


@scenario("issue231")
def shortest_delay_is_found(sim, tmp_path):
    sim.setup(min_delay="auto")
    one, two = sim.Population(13, sim.IF_curr_exp()), sim.Population(25, sim.IF_curr_exp())
    connector = sim.DistanceDependentProbabilityConnector("exp(-d*d)")
    sim.Projection(one, two, connector, sim.StaticSynapse(weight=0.1))
    sim.run(1.0)
    assert sim.get_min_delay() == pytest.approx(0.1)


@scenario("issue274", "issue672")
def later_populations_leave_earlier_projections_alone(sim, tmp_path):
    cells, source = sim.Population(4, sim.IF_curr_exp()), sim.Population(3, sim.SpikeSourceArray())
    link = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.2, delay=1.0))
    before = link.get("weight", "list")
    sim.Population(7, sim.SpikeSourceArray())
    others = sim.Population(2, sim.IF_curr_exp())
    sim.Projection(cells, others, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.7, delay=1.0))
    sim.run(1.0)
    assert link.get("weight", "list") == before
    assert [cells.id_to_index(cell) for cell in cells] == [0, 1, 2, 3]


@scenario("ticket166", "update_SpikeSourceArray", "SpikeSourceArray_delivers_spike_times")
def spike_times_change_on_the_way(sim, tmp_path):
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[10.0, 12.0]))
    cells = sim.Population(1, sim.IF_curr_exp())
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=1.0, delay=0.5))
    source.record("spikes")
    cells.record("v")
    sim.run(20.0)
    source.set(spike_times=[25.0, 30.0])
    source[1:].set(spike_times=[27.0])
    sim.run(20.0)
    assert [train.tolist() for train in trains(source)] == [
        pytest.approx([10.0, 12.0, 25.0, 30.0]), pytest.approx([10.0, 12.0, 27.0]),
    ]  # fmt: skip
    rises = np.diff(voltage(cells)[:, 0]) > 0.1
    assert np.flatnonzero(rises & ~np.roll(rises, 1)).tolist()[0] == 105


@scenario("reset", "reset_with_clear", "reset_with_spikes")
def each_reset_gives_the_same(sim, tmp_path):
    cells, source = (
        sim.Population(1, sim.IF_curr_exp(i_offset=0.8)),
        sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0, 8.0])),
    )
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5))
    cells.record("v")
    found = []
    for _ in range(3):
        sim.run(20.0)
        found.append(voltage(cells, -1))
        sim.reset()
    assert len(cells.get_data("v").segments) == 3
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


@scenario("setup", "run_until")
def each_setup_gives_the_same(sim, tmp_path):
    found = []
    for _ in range(2):
        sim.setup(timestep=0.1)
        cells = sim.Population(1, sim.IF_curr_exp(i_offset=0.8))
        cells.record("v")
        sim.run_until(12.7)
        sim.run_until(20.0)
        found.append(voltage(cells))
    assert len(found[0]) == 201
    assert np.array_equal(*found)


@scenario("reset_recording")
def recording_nothing_ends_what_was_recorded(sim, tmp_path):
    cells = sim.Population(7, sim.IF_curr_exp())
    cells[3].as_view().record("v")
    sim.run(5.0)
    first = cells.get_data("v", clear=True).segments[0].analogsignals[0]
    cells.record(None)
    cells[4].as_view().record("v")
    sim.run(5.0)
    second = cells.get_data("v").segments[0].analogsignals[0]
    assert [list(signal.annotations["channel_ids"]) for signal in (first, second)] == [[int(cells[3])], [int(cells[4])]]


@scenario("issue259")
def cleared_spikes_do_not_come_again(sim, tmp_path):
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[0.5, 10.0, 15.0, 20.0]))
    source.record("spikes")
    found = []
    for stop in (10.5, 16.0, 25.0):
        sim.run_until(stop)
        found.append(source.get_data("spikes", clear=True).segments[0].spiketrains[0].magnitude.tolist())
    assert found == [pytest.approx([0.5, 10.0]), pytest.approx([15.0]), pytest.approx([20.0])]


@scenario("sampling_interval", "issue499")
def samples_come_at_their_interval_and_outlive_the_end(sim, tmp_path):
    cells = sim.Population(3, sim.IF_curr_exp(i_offset=0.3))
    cells.record("v", sampling_interval=1.0)
    sim.run(10.0)
    sim.end()
    assert voltage(cells).shape == (11, 3)


@scenario("mix_procedural_and_oo", "record_with_filename", "ticket195")
def procedural_functions_do_the_same(sim, tmp_path):
    def run(path, procedural):
        sim.setup(timestep=0.1)
        if procedural:
            cells = deprecated(sim.create, sim.IF_curr_exp, {"i_offset": 1.0}, n=2)
            source = deprecated(sim.create, sim.SpikeSourceArray, {"spike_times": [5.0]}, n=2)
            deprecated(sim.connect, source[0], cells[1], weight=0.5)
            deprecated(sim.record, "v", cells, str(path))
        else:
            cells = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
            source = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0]))
            sim.Projection(source[:1], cells[1:], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5))
            cells.record("v", to_file=str(path))
        sim.run(20.0)
        sim.end()
        return voltage(cells)

    assert np.array_equal(run(tmp_path / "one.pkl", procedural=True), run(tmp_path / "two.pkl", procedural=False))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.pkl", "two.pkl"]


@scenario("changing_electrode", "issue451", "issue487")
def amplitude_changes_on_the_way(sim, tmp_path):
    cells = sim.Population(1, sim.IF_curr_delta(v_thresh=0.0, tau_m=20.0))
    current = sim.DCSource(amplitude=0.0, start=0.0, stop=300.0)
    current.inject_into(cells)
    cells.record("v")
    for amplitude in (0.0, 1.0, -1.0):
        current.amplitude = amplitude
        sim.run(100.0)
    v = voltage(cells)[:, 0] + 65
    assert v[[1000, 2000, 3000]] == pytest.approx([0.0, 20 * (1 - np.exp(-5)), -20 * (1 - 2 * np.exp(-5))], abs=0.05)


@scenario("ticket226", "issue165", "issue321", "issue437", "issue442", "issue483")
def nothing_flows_before_the_start(sim, tmp_path):
    cells = sim.Population(5, sim.IF_curr_exp(v_thresh=500.0))
    for cell, source in zip(
        cells[:4],
        (
            sim.DCSource(amplitude=0.5, start=25.0, stop=50.0),
            sim.NoisyCurrentSource(mean=1.0, stdev=0.1, start=25.0, stop=50.0, dt=1.0),
            sim.ACSource(amplitude=1.0, offset=1.0, frequency=20.0, start=25.0, stop=50.0),
            sim.StepCurrentSource(times=[25.0, 50.0], amplitudes=[0.5, 0.0]),
        ),
        strict=True,
    ):
        cell.inject(source)
    cells[4].inject(sim.DCSource(amplitude=0.5, start=0.0, stop=50.0))
    cells.record("v")
    sim.run(75.0)
    v = voltage(cells) + 65
    assert v.shape == (751, 5)
    assert (v[:251, :4] == 0).all()
    assert (v[251:260, :4].max(axis=0) > 0.01).all()
    assert v[1, 4] > 0.04
    assert v[500:, :].max(axis=0) == pytest.approx(v[500, :], abs=1e-6)


@scenario("issue445", "issue_465_474_630", "issue497", "issue512", "issue631", "issue759")
def currents_can_be_read_as_they_flowed(sim, tmp_path):
    cells = sim.Population(1, sim.IF_curr_exp())
    wave = sim.ACSource(amplitude=0.5, offset=0.1, frequency=50.0, phase=90.0, start=10.0, stop=30.0)
    steps = sim.StepCurrentSource(times=[4.96, 20.0], amplitudes=[0.5, -0.5])
    for source in (wave, steps):
        source.record()
        source.inject_into(cells)
    sim.run(20.0)
    steps.set_parameters(times=[20.0, 30.0], amplitudes=[0.2, 0.0])
    sim.run(20.0)
    t = np.arange(401) * 0.1
    expected = np.where((t > 9.95) & (t < 29.95), 0.1 + 0.5 * np.cos(2 * np.pi * (t + 0.05 - 10) / 20), 0.0)
    twice = sim.StepCurrentSource(times=[0.41, 0.42, 0.86], amplitudes=[0.5, -0.5, 0.5])
    assert tuple(getattr(twice, name).evaluate().tolist() for name in ("times", "amplitudes")) == (
        pytest.approx([0.4, 0.9]),
        [-0.5, 0.5],
    )
    assert wave.get_data().magnitude.ravel() == pytest.approx(expected, abs=1e-9)
    assert steps.get_data().magnitude.ravel()[[0, 199, 200, 299, 300]] == pytest.approx([0, 0, 0.2, 0.2, 0])


@scenario("SpikeSourcePoisson", "issue241")
def poisson_intervals_are_exponential(sim, tmp_path):
    source = sim.Population(100, sim.SpikeSourcePoisson(rate=100.0))
    source.record("spikes")
    sim.run(1000.0)
    gaps = np.sort(np.concatenate([np.diff(train) for train in trains(source)]))
    law = 1 - np.exp(-(gaps - 0.05) / 10.0)
    assert np.abs(law - np.arange(len(gaps)) / len(gaps)).max() < 1.63 / np.sqrt(len(gaps)) + 0.01


@scenario("issue511")
def unsorted_times_are_refused(sim, tmp_path):
    with pytest.raises(sim.errors.InvalidParameterValueError):
        sim.Population(2, sim.SpikeSourceArray(spike_times=[[2.4, 4.8], [9.6, 8.3]]))


@scenario("IF_curr_delta_voltage_step")
def delta_synapse_steps_by_its_weight(sim, tmp_path):
    cells, source = sim.Population(1, sim.IF_curr_delta()), sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=3.0, delay=1.0))
    cells.record("v")
    sim.run(10.0)
    assert np.diff(voltage(cells)[:, 0]).max() == pytest.approx(3.0, rel=1e-3)


@scenario("connections_attribute", "connection_access_weight_and_delay", "issue302")
def connections_can_be_read_and_set(sim, tmp_path):
    source, cells = sim.Population(4, sim.SpikeSourceArray()), sim.Population(1, sim.IF_curr_exp())
    link = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5))
    assert len(list(link.connections)) == 4
    link[2].weight, link[2].delay = 0.9, 2.0
    assert (link[2].weight, link[2].delay) == (0.9, 2.0)
    link.set(weight=0.456)
    assert set(link.get("weight", "list", with_address=False)) == {0.456}


@scenario("issue652")
def a_plus_of_zero_only_depresses(sim, tmp_path):
    rule = sim.STDPMechanism(
        sim.SpikePairRule(A_plus=0.0, A_minus=0.01), sim.AdditiveWeightDependence(), dendritic_delay_fraction=0,
        weight=0.5,
    )  # fmt: skip
    pre = sim.Population(2, sim.SpikeSourceArray(spike_times=np.arange(5, 95, 13.0)))
    cells = sim.Population(1, sim.IF_curr_exp())
    cells.set(i_offset=1.5)
    link = sim.Projection(pre, cells, sim.AllToAllConnector(), rule)
    sim.run(100.0)
    assert (link.get("weight", "array") < 0.5).all()


@scenario(
    "set_synaptic_parameters_fully_connected", "set_synaptic_parameters_partially_connected",
    "set_synaptic_parameters_multiply_connected",
)  # fmt: skip
def arrays_set_each_connection(sim, tmp_path):
    source, cells = sim.Population(3, sim.SpikeSourceArray()), sim.Population(2, sim.IF_curr_exp())
    table = np.array([[0.1, np.nan], [0.3, 0.4], [np.nan, 0.6]])
    pairs = [(i, j, 0.5, 1.0) for i, j in np.argwhere(~np.isnan(table)).tolist()]
    for several in (1, 2):
        link = sim.Projection(source, cells, sim.FromListConnector(pairs * several))
        link.set(weight=table)
        found = link.get("weight", "array", multiple_synapses="sum")
        assert found == pytest.approx(table * several, nan_ok=True)


@scenario(
    "all_to_all_static_no_self", "fixed_number_pre_no_replacement", "fixed_number_pre_with_replacement",
    "fixed_number_pre_with_replacement_heterogeneous_parameters", "fixed_number_post_no_replacement",
    "fixed_number_post_with_replacement", "fixed_number_post_with_replacement_heterogeneous_parameters", "issue309",
    "issue622",
)  # fmt: skip
def numbers_of_connections_are_right(sim, tmp_path):
    one, two = sim.Population(5, sim.IF_curr_exp()), sim.Population(7, sim.IF_curr_exp())
    weight = sim.RandomDistribution("gamma", k=2.0, theta=0.5)
    synapse = sim.StaticSynapse(weight=weight, delay="0.2 + 0.3*d")
    whole = sim.Projection(one, one, sim.AllToAllConnector(allow_self_connections=False), synapse)
    assert len(whole) == 20
    for replacement in (False, True):
        into = sim.FixedNumberPreConnector(3, with_replacement=replacement)
        counts = np.bincount([int(row[1]) for row in sim.Projection(one, two, into, synapse).get("weight", "list")])
        assert counts.tolist() == [3] * 7
        out = sim.FixedNumberPostConnector(4, with_replacement=replacement)
        counts = np.bincount([int(row[0]) for row in sim.Projection(one, two, out, synapse).get("weight", "list")])
        assert counts.tolist() == [4] * 5
    assert len(sim.Projection(one, two, sim.FixedProbabilityConnector(1), synapse)) == 35


#: Scenarios whose models no chip has: the name that the backend refuses.
REFUSED = {
    "EIF_cond_alpha_isfa_ista": "EIF_cond_alpha_isfa_ista", "HH_cond_exp": "HH_cond_exp",
    "SpikeSourceGamma": "SpikeSourceGamma", "SpikeSourcePoissonRefractory": "SpikeSourcePoissonRefractory",
    "composed_neuron_model_homogeneous_receptors": "AdExp", "simple_stochastic_synapse": "SimpleStochasticSynapse",
    "issue505": "TsodyksMarkramSynapse", "all_to_all_tsodyksmarkram": "TsodyksMarkramSynapse",
    "scenario5": "MultiCompartmentNeuron", "mc_recording_at_locations": "MultiCompartmentNeuron",
    "mc_subthreshold_dc": "MultiCompartmentNeuron",
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_scenario_passes(name, sim, tmp_path):
    CASES[name](sim, tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_scenario_is_refused(name):
    with pytest.raises(InputError, match="is not what a chip computes"):
        getattr(backend, REFUSED[name])()


def test_gsyn_of_an_assembly_is_refused_and_its_membranes_are_not(sim):
    cells = sim.Population(2, sim.IF_curr_exp()) + sim.Population(2, sim.IF_curr_delta())
    cells.record("v")
    with pytest.raises(sim.errors.RecordingError):
        cells.record("gsyn_exc")


def test_page_has_the_verdict_of_every_scenario():
    rows = table((ROOT / "docs/pynn.md").read_text(), "scenario", "verdict")
    told = {name: row["verdict"] for row in rows for name in re.findall(r"`(\w+)`", row["scenario"])}
    differing = {"record_vm_and_gsyn_from_assembly": "refused in part"}
    assert told == dict.fromkeys(CASES, "passes") | dict.fromkeys(REFUSED, "refused") | differing
