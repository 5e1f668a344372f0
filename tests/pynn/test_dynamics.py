"""Membranes and spikes of the PyNN backend against closed solutions and a float simulation that shares no code."""

import numpy as np
import pytest

DT = 0.1


def membranes(population):
    return np.asarray(population.get_data("v").segments[0].analogsignals[0].magnitude)


def psp_mv(t, weight, tau_m, tau_syn, cm):
    """Membrane above rest at times after an arrival, by the closed solution."""
    t = np.maximum(t, 0)
    if tau_m == tau_syn:
        return weight / cm * t * np.exp(-t / tau_m)
    factor = weight / cm * tau_m * tau_syn / (tau_m - tau_syn)
    return factor * (np.exp(-t / tau_m) - np.exp(-t / tau_syn))


@pytest.mark.parametrize(("tau_m", "tau_syn"), [(20.0, 5.0), (10.0, 10.0), (8.0, 0.5)])
def test_psp_is_the_closed_solution(sim, tau_m, tau_syn):
    cell = sim.Population(1, sim.IF_curr_exp(tau_m=tau_m, tau_syn_E=tau_syn, tau_syn_I=tau_syn, cm=0.5, v_rest=-70.0),
                          initial_values={"v": -70.0})  # fmt: skip
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[5.0], [20.0]]))
    sim.Projection(source[:1], cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.8, delay=1.5))
    sim.Projection(source[1:], cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=-0.3, delay=0.1))
    cell.record("v")
    sim.run(60.0)
    time = np.arange(601) * DT
    expected = -70 + psp_mv(time - 6.5, 0.8, tau_m, tau_syn, 0.5) + psp_mv(time - 20.1, -0.3, tau_m, tau_syn, 0.5)
    assert membranes(cell)[:, 0] == pytest.approx(
        expected, abs=0.015 * np.ptp(expected)
    )  # currents lose half a unit a step


def test_weight_of_a_delta_synapse_is_a_jump_in_millivolts(sim):
    cell = sim.Population(1, sim.IF_curr_delta(tau_m=10.0))
    source = sim.Population(1, sim.SpikeSourceArray(spike_times=[5.0]))
    sim.Projection(source, cell, sim.AllToAllConnector(), sim.StaticSynapse(weight=2.0, delay=1.0))
    cell.record("v")
    sim.run(20.0)
    time = np.arange(201) * DT
    expected = np.where(time > 5.95, -65 + 2 * np.exp(-(time - 6.0) / 10), -65)
    assert membranes(cell)[:, 0] == pytest.approx(expected, abs=0.002)


def interval_ms(current_na, tau_m, cm, refractory, threshold_mv):
    """Interval of a neuron that a constant current drives, to the next step."""
    rise = -tau_m * np.log(1 - threshold_mv * cm / (current_na * tau_m))
    return np.ceil(rise / DT) * DT + refractory


@pytest.mark.parametrize("refractory", [0.1, 2.0, 30.0])
def test_constant_current_fires_at_the_interval_of_the_closed_solution(sim, refractory):
    cell = sim.Population(1, sim.IF_curr_exp(i_offset=1.1, tau_refrac=refractory))
    cell.record("spikes")
    sim.run(300.0)
    train = np.asarray(cell.get_data().segments[0].spiketrains[0].magnitude)
    expected = interval_ms(1.1, 20.0, 1.0, refractory, 15.0)
    assert np.diff(train) == pytest.approx(np.full(len(train) - 1, expected), abs=DT + 1e-6)
    assert train[0] == pytest.approx(expected - refractory, abs=1e-6)


def simulate(weights, trains, steps, tau_m=20.0, tau_syn=2.0, refractory=20, delay=15):
    """Spike counts of recurrent neurons in floats, a step at a time, written from the equations of PyNN."""
    count = weights["recurrent"].shape[0]
    v, current, left = np.zeros(count), np.zeros(count), np.zeros(count, int)
    counts, coming = np.zeros(count, int), np.zeros((steps + delay + 2, count))
    for source, train in enumerate(trains):
        for step in train:
            if step + delay < len(coming):
                coming[step + delay] += weights["outside"][source]
    # Within a step: dv/dt = -v/tau_m + I/C, in 20 pieces.
    for step in range(steps):
        current += coming[step]
        held = left > 0
        for _ in range(20):
            h = DT / 20
            half = current * np.exp(-h / 2 / tau_syn)
            v = v * np.exp(-h / tau_m) + half * tau_m * -np.expm1(-h / tau_m)
            current = current * np.exp(-h / tau_syn)
        v[held] = 0.0
        left[held] -= 1
        fires = (v > 15.0) & ~held
        counts += fires
        v[fires], left[fires] = 0.0, refractory
        if fires.any():
            coming[step + 1 + delay] += weights["recurrent"][fires].sum(axis=0)
    return counts


def test_rates_of_a_balanced_network_are_those_of_floats(sim):
    rng = np.random.default_rng(3)
    count, outside, steps = 40, 80, 15000
    weights = {
        "recurrent": np.where(rng.random((count, count)) < 0.2, 1.0, 0.0)
        * np.where(np.arange(count) < 30, 0.4, -2.0)[:, None],
        "outside": np.where(rng.random((outside, count)) < 0.5, 0.7, 0.0),
    }
    trains = [np.flatnonzero(rng.random(steps) < 0.0022) for _ in range(outside)]
    cells = sim.Population(count, sim.IF_curr_exp(tau_syn_E=2.0, tau_syn_I=2.0, tau_refrac=2.0))
    source = sim.Population(outside, sim.SpikeSourceArray(spike_times=[train * DT for train in trains]))
    for pre, table in (
        (source, weights["outside"]),
        (cells[:30], weights["recurrent"][:30]),
        (cells[30:], weights["recurrent"][30:]),
    ):
        kind = "inhibitory" if (table < 0).any() else "excitatory"
        listed = [(i, j, table[i, j], 1.5) for i, j in np.argwhere(table).tolist()]
        sim.Projection(pre, cells, sim.FromListConnector(listed), receptor_type=kind)
    cells.record("spikes")
    sim.run(steps * DT)
    expected = simulate(weights, trains, steps)
    counts = np.array([cells.get_spike_counts()[int(cell)] for cell in cells])
    assert expected.sum() > 400
    assert counts.sum() == pytest.approx(expected.sum(), rel=0.02)
    assert np.corrcoef(counts, expected)[0, 1] > 0.98


@pytest.mark.parametrize("cell", ["IF_curr_exp", "IF_curr_delta"])
def test_currents_of_sources_add_up(sim, cell):
    neurons = sim.Population(2, getattr(sim, cell)(v_thresh=0.0))
    sim.DCSource(amplitude=0.5, start=10.0, stop=50.0).inject_into(neurons)
    neurons[:1].inject(sim.StepCurrentSource(times=[20.0, 30.0], amplitudes=[0.4, -0.2]))
    neurons.record("v")
    sim.run(80.0)
    v, tau = np.full((801, 2), -65.0), 20.0
    for step in range(800):
        t = step * DT + 1e-9
        wanted = np.full(2, 0.5 if 10 <= t < 50 else 0.0)
        wanted[0] += 0.4 if 20 <= t < 30 else -0.2 if t >= 30 else 0.0
        v[step + 1] = -65 + (v[step] + 65) * np.exp(-DT / tau) + wanted * tau * -np.expm1(-DT / tau)
    assert membranes(neurons) == pytest.approx(v, abs=0.03)


def test_noise_has_its_mean_and_spread_and_can_be_read_again(sim):
    noise = sim.NoisyCurrentSource(mean=0.3, stdev=0.2, start=0.0, stop=200.0, dt=0.5)
    neurons = sim.Population(1, sim.IF_curr_delta(v_thresh=1000.0, tau_m=5000.0))
    noise.inject_into(neurons)
    neurons.record("v")
    sim.run(100.0)
    sim.run(100.0)
    drawn = np.asarray(noise.get_data().magnitude).ravel()[:2000]
    assert (drawn.mean(), drawn.std()) == pytest.approx((0.3, 0.2), abs=0.03)
    assert (np.diff(drawn.reshape(-1, 5), axis=1) == 0).all()
    assert np.diff(membranes(neurons)[:, 0]) == pytest.approx(drawn * DT, abs=0.004)
