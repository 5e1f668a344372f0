"""Time, recording and resets of the PyNN backend."""

import subprocess
import sys

import numpy as np
import pytest
from neurocorex import CoreConfig
from neurocorex.errors import InputError


def driven(sim, count=3, **parameters):
    cells = sim.Population(count, sim.IF_curr_exp(i_offset=1.0, **parameters), label="driven")
    cells.record(["spikes", "v"])
    return cells


def signals(cells, segment=0):
    found = cells.get_data().segments[segment]
    return found.analogsignals[0], [np.asarray(train.magnitude) for train in found.spiketrains]


def test_two_runs_are_one_long_run(sim):
    cells, source = driven(sim), sim.Population(3, sim.SpikeSourcePoisson(rate=200.0))
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.4, delay=3.0))
    sim.run(60.0)
    whole = signals(cells)
    sim.setup(timestep=0.1)
    cells, source = driven(sim), sim.Population(3, sim.SpikeSourcePoisson(rate=200.0))
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.4, delay=3.0))
    for _ in range(3):
        sim.run(20.0)
    parts = signals(cells)
    assert np.array_equal(whole[0].magnitude, parts[0].magnitude)
    assert all(map(np.array_equal, whole[1], parts[1]))


def test_time_and_its_queries(sim):
    driven(sim)
    assert (sim.get_current_time(), sim.get_time_step(), sim.get_min_delay()) == (0.0, 0.1, 0.1)
    assert sim.run(10.0) == pytest.approx(10.0)
    assert sim.run_until(12.5) == pytest.approx(12.5)
    assert sim.run_for(1.5) == pytest.approx(14.0)
    assert (sim.num_processes(), sim.rank()) == (1, 0)
    with pytest.raises(ValueError, match="in the past"):
        sim.run_until(1.0)


def test_callbacks_are_called_at_their_times(sim):
    driven(sim)
    called = []

    def callback(t):
        called.append(round(t, 6))
        return t + 5.0

    sim.run(20.0, callbacks=[callback])
    assert called == [0.0, 5.0, 10.0, 15.0, 20.0]


def test_reset_begins_a_new_segment_with_the_same_result(sim):
    cells = driven(sim)
    cells.initialize(v=[-65.0, -60.0, -55.0])
    sim.run(30.0)
    sim.reset()
    assert sim.get_current_time() == 0
    sim.run(30.0)
    data = cells.get_data()
    assert len(data.segments) == 2
    first, second = (np.asarray(segment.analogsignals[0].magnitude) for segment in data.segments)
    assert np.array_equal(first, second)
    assert first[0] == pytest.approx([-65.0, -60.0, -55.0], abs=1e-3)


def test_sampling_interval_takes_every_so_many_steps(sim):
    cells = driven(sim)
    others = sim.Population(3, sim.IF_curr_exp(i_offset=1.0))
    others.record("v", sampling_interval=0.5)
    sim.run(20.0)
    fine, coarse = signals(cells)[0], others.get_data().segments[0].analogsignals[0]
    assert float(coarse.sampling_period) == pytest.approx(0.5)
    assert np.array_equal(np.asarray(fine)[::5], np.asarray(coarse))
    with pytest.raises(InputError, match=r"multiple of the time step of 0\.1 ms, got 0\.25"):
        sim.Population(1, sim.IF_curr_exp()).record("v", sampling_interval=0.25)


def test_clear_leaves_what_follows(sim):
    cells = driven(sim)
    sim.run(30.0)
    whole, _ = signals(cells)
    cells.get_data(clear=True)
    sim.run(10.0)
    signal, trains = signals(cells)
    assert (float(signal.t_start), len(signal)) == (pytest.approx(30.0), 101)
    assert np.array_equal(np.asarray(signal)[0], np.asarray(whole)[-1])
    assert all((train > 30.0).all() for train in trains)


def test_recording_that_begins_on_the_way_has_no_values_before(sim):
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=0.5))
    cells[:1].record("v")
    sim.run(5.0)
    cells[1:].record("v")
    sim.run(5.0)
    table = np.asarray(cells.get_data().segments[0].analogsignals[0])
    assert table.shape == (101, 2)
    assert np.isnan(table[:50, 1]).all()
    assert table[50:, 0] == pytest.approx(table[50:, 1])


def test_counts_by_cell(sim):
    cells = driven(sim, tau_refrac=2.0)
    cells[1:2].set(i_offset=0.0)
    sim.run(100.0)
    counts = cells.get_spike_counts()
    assert [counts[int(cell)] for cell in cells] == [len(train) for train in signals(cells)[1]]
    assert counts[int(cells[1])] == 0
    assert cells.mean_spike_count() == pytest.approx(sum(counts.values()) / 3)


def test_spikes_of_sources_are_recorded_where_no_neuron_is(sim):
    source = sim.Population(2, sim.SpikeSourceArray(spike_times=[[1.0, 3.0], [2.0]]))
    noise = sim.Population(200, sim.SpikeSourcePoisson(rate=50.0, start=100.0, duration=400.0))
    source.record("spikes")
    noise.record("spikes")
    sim.run(1000.0)
    trains = source.get_data().segments[0].spiketrains
    assert [np.asarray(train).tolist() for train in trains] == [pytest.approx([1.0, 3.0]), pytest.approx([2.0])]
    times = np.concatenate([np.asarray(train) for train in noise.get_data().segments[0].spiketrains])
    assert (times.min() >= 100.0, times.max() < 500.0) == (True, True)
    assert len(times) == pytest.approx(200 * 50 * 0.4, rel=0.05)  # three standard deviations


def test_parameters_change_between_runs_and_the_state_goes_on(sim):
    cells, source = driven(sim, tau_refrac=2.0), sim.Population(3, sim.SpikeSourceArray(spike_times=[29.5]))
    link = sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.1, delay=5.0))
    sim.run(30.0)
    cells.set(i_offset=0.0)
    link.set(weight=2.0)  # the spike that is on its way arrives with it
    sim.run(30.0)
    v = np.asarray(signals(cells)[0])[:, 0]
    since = (np.arange(601) - 300) * 0.1
    decayed = -65 + (v[300] + 65) * np.exp(-since / 20)
    after = np.where(since > 4.5, 2.0 * 20 * 5 / 15 * (np.exp(-(since - 4.5) / 20) - np.exp(-(since - 4.5) / 5)), 0.0)
    assert v[300:] == pytest.approx((decayed + after)[300:], abs=0.03)


def test_membranes_can_be_set_on_the_way(sim):
    cells = sim.Population(2, sim.IF_curr_exp())
    cells.record("v")
    sim.run(5.0)
    cells[1:].initialize(v=-55.0)
    sim.run(5.0)
    v = np.asarray(signals(cells)[0])
    assert v[-1] == pytest.approx([-65.0, -65 + 10 * np.exp(-5 / 20)], abs=0.01)


def test_files_are_written_at_the_end(sim, tmp_path):
    cells = sim.Population(2, sim.IF_curr_exp(i_offset=1.0))
    cells.record("spikes", to_file=str(tmp_path / "spikes.pkl"))
    sim.run(50.0)
    sim.end()
    assert [path.name for path in tmp_path.iterdir()] == ["spikes.pkl"]


def run_somewhere(sim, **options):
    """Spike times of a small network with a step of 1 ms, and the report."""
    sim.setup(timestep=1.0, **options)
    cells = sim.Population(4, sim.IF_curr_exp(tau_refrac=1.0, i_offset=[0.5, 0.6, 0.7, 0.8]))
    source = sim.Population(4, sim.SpikeSourcePoisson(rate=80.0))
    sim.Projection(source, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.321, delay=2.0))
    sim.Projection(cells, cells, sim.AllToAllConnector(), sim.StaticSynapse(weight=0.1, delay=3.0))
    cells.record("spikes")
    sim.run(200.0)
    return [train.magnitude.tolist() for train in cells.get_data().segments[0].spiketrains], sim.report()


def test_a_larger_chip_behind_a_wire_gives_the_same_spikes(sim):
    spikes, report = run_somewhere(sim)
    larger = CoreConfig(neurons=64, inputs=48, weight_bits=16, state_bits=24)
    wired, _ = run_somewhere(sim, config=larger, open_options={"by_wire": True})
    assert (report.config.weight_bits, report.config.state_bits) == (16, 24)
    assert sum(map(len, spikes)) > 30
    assert wired == spikes


def test_geometry_of_a_board_is_kept(sim):
    spikes, report = run_somewhere(sim, config=CoreConfig(neurons=32, inputs=32, weight_bits=8, state_bits=20))
    assert (report.config.weight_bits, report.config.state_bits) == (8, 20)
    assert sum(map(len, spikes)) > 30


def test_report_comes_with_the_first_run(sim):
    with pytest.raises(InputError, match="no report yet"):
        sim.report()
    driven(sim)
    sim.run(1.0)
    assert "weights" in str(sim.report())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timestep": 0.0}, "timestep must be above 0"),
        ({"timestep": 0.1, "min_delay": 0.05}, "min_delay"),
        ({"timestep": 0.1, "devise": "rtl"}, "no option 'devise'"),
    ],
)
def test_wrong_options_are_refused(sim, options, message):
    with pytest.raises(InputError, match=message):
        sim.setup(**options)


def test_options_of_other_backends_are_taken(sim):
    assert sim.setup(timestep=0.1, threads=4, spike_precision="on_grid") == 0


def test_missing_package_names_its_extra():
    program = "import sys; sys.modules['pyNN'] = None\nimport neurocorex.pynn"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "pip install 'neurocorex[pynn]'" in done.stderr
