"""Connections of the PyNN backend: connectors, delays, weights and learning."""

import numpy as np
import pytest
from neurocorex.errors import FitError, InputError
from pyNN.core import IndexBasedExpression
from pyNN.errors import ConnectionError as PyNNConnectionError


class Nearby(IndexBasedExpression):
    """Connects cells whose numbers differ by one."""

    def __call__(self, i, j):
        return (np.abs(i - j) == 1).astype(float)


CONNECTORS = {
    "AllToAllConnector": lambda sim: sim.AllToAllConnector(allow_self_connections=False),
    "OneToOneConnector": lambda sim: sim.OneToOneConnector(),
    "FixedProbabilityConnector": lambda sim: sim.FixedProbabilityConnector(0.5, rng=sim.NumpyRNG(seed=1)),
    "FixedTotalNumberConnector": lambda sim: sim.FixedTotalNumberConnector(9, rng=sim.NumpyRNG(seed=1)),
    "FixedNumberPreConnector": lambda sim: sim.FixedNumberPreConnector(2, rng=sim.NumpyRNG(seed=1)),
    "FixedNumberPostConnector": lambda sim: sim.FixedNumberPostConnector(2, rng=sim.NumpyRNG(seed=1)),
    "DistanceDependentProbabilityConnector": lambda sim: sim.DistanceDependentProbabilityConnector(
        "exp(-d)", rng=sim.NumpyRNG(seed=1)
    ),
    "IndexBasedProbabilityConnector": lambda sim: sim.IndexBasedProbabilityConnector(Nearby()),
    "DisplacementDependentProbabilityConnector": lambda sim: sim.DisplacementDependentProbabilityConnector(
        lambda d: np.abs(d[0]) < 1.5, rng=sim.NumpyRNG(seed=1)
    ),
    "FromListConnector": lambda sim: sim.FromListConnector([(0, 1, 0.5, 2.0), (3, 2, 0.25, 1.0)]),
    "ArrayConnector": lambda sim: sim.ArrayConnector(np.eye(6, dtype=bool)[::-1]),
}


@pytest.mark.parametrize("name", CONNECTORS)
def test_connector_makes_what_the_chip_holds(sim, name):
    cells = sim.Population(6, sim.IF_curr_exp())
    link = sim.Projection(cells, cells, CONNECTORS[name](sim), sim.StaticSynapse(weight=0.5, delay=1.0))
    sim.run(1.0)
    table = link.get("weight", "array")
    held = sim.simulator.state._run._device.weights()
    own = sim.simulator.state._run._held.plan.net.input_count
    assert len(link) == np.count_nonzero(~np.isnan(table)) > 0
    assert held[own:].sum() == pytest.approx(np.nansum(table), rel=1e-3)
    listed = link.get(["weight", "delay"], "list")
    assert all(table[int(i), int(j)] == weight and delay in (1.0, 2.0) for i, j, weight, delay in listed)


def test_clone_connector_copies_a_projection(sim):
    cells = sim.Population(6, sim.IF_curr_exp())
    first = sim.Projection(cells, cells, sim.FixedProbabilityConnector(0.5), sim.StaticSynapse(weight=0.5))
    second = sim.Projection(cells, cells, sim.CloneConnector(first), sim.StaticSynapse(weight=0.1))
    assert np.array_equal(np.isnan(first.get("weight", "array")), np.isnan(second.get("weight", "array")))


def test_delays_differ_by_connection(sim):
    cells, source = sim.Population(3, sim.IF_curr_exp()), sim.Population(2, sim.SpikeSourceArray(spike_times=[2.0]))
    sim.Projection(source[:1], cells[:1], sim.AllToAllConnector(), sim.StaticSynapse(weight=60.0, delay=1.0))
    listed = [(0, 1, 50.0, 2.0), (0, 2, 50.0, 3.1)]
    sim.Projection(cells[:1], cells, sim.FromListConnector(listed))
    cells.record("v")
    sim.run(8.0)
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])
    first = [int(np.flatnonzero(v[:, k] != -65)[0]) for k in (1, 2)]
    assert np.diff(first) == [11]
    # The first cell rises by 5.9 mV a step, so it fires 0.3 ms after the arrival at 3 ms.
    assert first[0] == 33 + 20 + 1


def test_weights_of_one_pair_add_up(sim):
    cells, source = sim.Population(2, sim.IF_curr_delta()), sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    for weight in (1.0, 2.0):
        sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=weight, delay=1.0))
    cells.record("v")
    sim.run(2.0)
    assert np.asarray(cells.get_data().segments[0].analogsignals[0])[-1] == pytest.approx([-62.0] * 2, abs=0.01)


def test_assemblies_and_views_connect_their_cells(sim):
    one, two = sim.Population(3, sim.IF_curr_exp()), sim.Population(4, sim.IF_curr_exp())
    link = sim.Projection(one[1:] + two[:2], two[2:], sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=1.0))
    sim.run(1.0)
    held = sim.simulator.state._run._device.weights()[1:]
    assert link.size() == 8
    assert np.argwhere(held).tolist() == [[pre, post] for pre in (1, 2, 3, 4) for post in (5, 6)]


def test_set_changes_weights_and_delays(sim):
    cells, source = sim.Population(2, sim.IF_curr_exp()), sim.Population(3, sim.SpikeSourceArray())
    link = sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=1.0))
    link.set(weight=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], delay=2.5)
    assert link.get("weight", "array").tolist() == [[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]]
    assert set(link.get("delay", "list", with_address=False)) == {2.5}
    link[1].weight = 0.9
    assert [c.weight for c in link.connections][1] == 0.9


@pytest.mark.parametrize(
    ("delay", "message"), [(0.01, "at least one time step"), (3.3, r"up to 31 time steps, 3\.1 ms, got 3\.3 ms")]
)
def test_delays_that_cannot_be_are_refused(sim, delay, message):
    cells = sim.Population(3, sim.IF_curr_exp())
    with pytest.raises(InputError, match=message) as caught:
        sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.5, delay=delay))
    assert isinstance(caught.value, PyNNConnectionError)


def test_delays_of_sources_have_no_limit(sim):
    cells, source = sim.Population(2, sim.IF_curr_exp()), sim.Population(2, sim.SpikeSourceArray(spike_times=[1.0]))
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=1.0, delay=40.0))
    cells.record("v")
    sim.run(30.0)
    sim.run(30.0)
    v = np.asarray(cells.get_data().segments[0].analogsignals[0])[:, 0]
    assert np.flatnonzero(v != -65)[0] == 411


# Learning ------------------------------------------------------------------------------------------


def mechanism(sim, kind="AdditiveWeightDependence", **options):
    return sim.STDPMechanism(
        timing_dependence=sim.SpikePairRule(tau_plus=20.0, tau_minus=30.0, A_plus=0.02, A_minus=0.015),
        weight_dependence=getattr(sim, kind)(w_min=0.0, w_max=0.8),
        **{"dendritic_delay_fraction": 0, "weight": 0.4, "delay": 1.0} | options,
    )


def paired(sim, lag_ms, kind):
    """Weight after one pair: the arrival at 20 ms, and a spike that a strong source forces `lag_ms` later."""
    cells = sim.Population(1, sim.IF_curr_delta(tau_refrac=5.0))
    teacher = sim.Population(1, sim.SpikeSourceArray(spike_times=[19.0 + lag_ms]))
    pre = sim.Population(20, sim.SpikeSourceArray(spike_times=[19.0]))
    sim.Projection(teacher, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=30.0, delay=1.0))
    link = sim.Projection(pre, cells, sim.AllToAllConnector(), mechanism(sim, kind))
    sim.run(60.0)
    assert np.asarray(link.get("weight", "list", with_address=False)).shape == (20,)
    return np.mean(link.get("weight", "list", with_address=False))


@pytest.mark.parametrize(
    ("kind", "up", "down"),
    [("AdditiveWeightDependence", 0.8, 0.8), ("MultiplicativeWeightDependence", 0.4, 0.4)],
)
@pytest.mark.parametrize("lag_ms", [-15.0, -3.0, 3.0, 20.0])
def test_one_pair_changes_a_weight_by_the_law(sim, kind, up, down, lag_ms):
    expected = up * 0.02 * np.exp(-lag_ms / 20) if lag_ms > 0 else -down * 0.015 * np.exp(lag_ms / 30)
    assert paired(sim, lag_ms, kind) - 0.4 == pytest.approx(expected, rel=0.03)  # traces are cut by chance


def traces_in_floats(arrivals, spikes, dt):
    """Weights of all pairs by additive STDP, an event at a time, from the definition in PyNN; events by steps.

    An arrival in the step of a spike comes behind it, as docs/pynn.md says.
    """
    weights = np.full((len(arrivals), len(spikes)), 0.4)
    for i, came in enumerate(arrivals):
        for j, fired in enumerate(spikes):
            plus = minus = last = 0.0
            for step, is_arrival in sorted([(t, 1) for t in came] + [(t, 0) for t in fired]):
                plus, minus = plus * np.exp((last - step) * dt / 20), minus * np.exp((last - step) * dt / 30)
                last = step
                if is_arrival:
                    weights[i, j] = max(weights[i, j] - 0.8 * 0.015 * minus, 0.0)
                    plus += 1
                else:
                    weights[i, j] = min(weights[i, j] + 0.8 * 0.02 * plus, 0.8)
                    minus += 1
    return weights


def test_weights_after_many_spikes_are_those_of_floats(sim):
    rng = np.random.default_rng(2)
    trains = [np.flatnonzero(rng.random(20000) < 0.002) * 0.1 for _ in range(20)]
    pre = sim.Population(20, sim.SpikeSourceArray(spike_times=trains))
    post = sim.Population(4, sim.IF_curr_exp(tau_refrac=3.0, i_offset=[0.8, 0.85, 0.9, 1.0]))
    link = sim.Projection(pre, post, sim.AllToAllConnector(), mechanism(sim))
    post.record("spikes")
    sim.run(1000.0)
    sim.run(1000.0)
    spikes = [np.rint(train.magnitude / 0.1).astype(int) for train in post.get_data().segments[0].spiketrains]
    expected = traces_in_floats([np.rint(train / 0.1).astype(int) + 10 for train in trains], spikes, 0.1)
    found = link.get("weight", "array")
    assert abs(expected - 0.4).mean() > 0.05
    assert found.mean() == pytest.approx(expected.mean(), rel=0.005)
    assert np.abs(found - expected).mean() < 0.002


def test_learned_weights_survive_a_change_and_not_a_reset(sim):
    pre = sim.Population(3, sim.SpikeSourceArray(spike_times=np.arange(5.0, 90.0, 7.0)))
    post = sim.Population(2, sim.IF_curr_exp(tau_refrac=3.0, i_offset=1.2))
    link = sim.Projection(pre, post, sim.AllToAllConnector(), mechanism(sim))
    sim.run(100.0)
    learned = link.get("weight", "array")
    assert (np.abs(learned - 0.4) > 0.001).any()
    post.set(i_offset=0.0)
    sim.run(0.1)
    assert link.get("weight", "array") == pytest.approx(learned, abs=1e-3)
    sim.reset()
    assert (link.get("weight", "array") == 0.4).all()


def test_learned_weights_outlive_the_end(sim):
    pre = sim.Population(3, sim.SpikeSourceArray(spike_times=np.arange(5.0, 90.0, 11.0)))
    post = sim.Population(2, sim.IF_curr_exp(tau_refrac=3.0, i_offset=1.2))
    link = sim.Projection(pre, post, sim.AllToAllConnector(), mechanism(sim))
    sim.run(100.0)
    learned = link.get("weight", "array")
    sim.end()
    assert np.array_equal(link.get("weight", "array"), learned)
    assert (np.abs(learned - 0.4) > 0.001).any()
    with pytest.raises(InputError, match="the simulation has ended"):
        sim.run(1.0)


def test_constants_of_learning_can_be_read(sim):
    pre, post = sim.Population(2, sim.SpikeSourceArray()), sim.Population(2, sim.IF_curr_exp())
    link = sim.Projection(pre, post, sim.AllToAllConnector(), mechanism(sim))
    assert link.get(["tau_plus", "w_max"], "list", with_address=False)[0] == (20.0, 0.8)


def test_rules_differ_by_target_beside_static_synapses(sim):
    pre = sim.Population(2, sim.SpikeSourceArray(spike_times=[5.0, 15.0]))
    post = sim.Population(4, sim.IF_curr_exp(tau_refrac=3.0, i_offset=2.0))
    sim.Projection(pre, post[:2], sim.OneToOneConnector(), mechanism(sim))
    sim.Projection(pre, post[2:], sim.OneToOneConnector(), mechanism(sim, "MultiplicativeWeightDependence"))
    static = sim.StaticSynapse(weight=0.25, delay=3.0)
    fixed = sim.Projection(pre, post, sim.AllToAllConnector(), static)
    sim.run(40.0)
    device, plan = sim.simulator.state._run._device, sim.simulator.state._run._held.plan
    assert device.plastic().sum() == 4
    assert device.weights()[plan.rows[2], plan.links[2].post] == pytest.approx(fixed.weight, abs=1e-3)
    assert len(sim.report().rules) == 2


def test_two_rules_for_the_sources_of_one_neuron_are_refused(sim):
    pre, post = sim.Population(2, sim.SpikeSourceArray()), sim.Population(2, sim.IF_curr_exp())
    sim.Projection(pre, post, sim.OneToOneConnector(), mechanism(sim))
    other = mechanism(sim, "MultiplicativeWeightDependence", delay=2.0)
    sim.Projection(pre, post, sim.OneToOneConnector(), other)
    with pytest.raises(FitError, match="one rule for all synapses from inputs onto a neuron"):
        sim.run(1.0)


def test_two_synapses_that_learn_in_one_place_are_refused(sim):
    pre, post = sim.Population(2, sim.SpikeSourceArray()), sim.Population(2, sim.IF_curr_exp())
    for _ in range(2):
        sim.Projection(pre, post, sim.OneToOneConnector(), mechanism(sim))
    with pytest.raises(InputError, match="one weight for both"):
        sim.run(1.0)
