"""What the PyNN backend refuses, by errors that name what there is instead."""

import neurocorex.pynn as backend
import pytest
from neurocorex.errors import InputError
from pyNN.errors import InvalidParameterValueError, NoModelAvailableError, RecordingError
from pyNN.standardmodels import (
    StandardCellType,
    StandardCurrentSource,
    StandardSynapseType,
    STDPTimingDependence,
    STDPWeightDependence,
)

CELLS = ["IF_cond_exp", "IF_curr_alpha", "IF_cond_alpha", "HH_cond_exp", "Izhikevich", "EIF_cond_exp_isfa_ista"]
SYNAPSES = ["TsodyksMarkramSynapse", "SimpleStochasticSynapse", "GutigWeightDependence", "Vogels2011Rule"]


@pytest.mark.parametrize("name", CELLS + SYNAPSES)
def test_model_that_no_chip_has_is_refused(sim, name):
    with pytest.raises(InputError, match=f"{name} is not what a chip computes; take") as caught:
        getattr(sim, name)()
    assert isinstance(caught.value, NotImplementedError)
    assert isinstance(caught.value, NoModelAvailableError)


def test_every_standard_model_of_pynn_is_there_or_refused():
    import pyNN.mock

    models = StandardCellType, StandardSynapseType, StandardCurrentSource, STDPTimingDependence, STDPWeightDependence
    names = {
        name
        for name, value in vars(pyNN.mock).items()
        if isinstance(value, type) and issubclass(value, models) and value not in models
    }
    assert len(names) > 15
    assert {name for name in names if not hasattr(backend, name)} == set()
    assert backend.list_standard_models() == ["IF_curr_exp", "IF_curr_delta", "SpikeSourceArray", "SpikeSourcePoisson"]


API = [
    "setup", "end", "run", "run_until", "run_for", "reset", "initialize", "get_current_time", "get_time_step",
    "get_min_delay", "get_max_delay", "num_processes", "rank", "list_standard_models", "create", "connect", "set",
    "record", "record_v", "record_gsyn", "Population", "PopulationView", "Assembly", "Projection", "Space",
    "NumpyRNG", "GSLRNG", "RandomDistribution", "errors", "random", "space", "Network",
]  # fmt: skip


@pytest.mark.parametrize("name", API)
def test_backend_has_the_common_api(name):
    assert hasattr(backend, name)


def test_different_time_constants_are_refused_only_where_both_are_used(sim):
    cells = sim.Population(2, sim.IF_curr_exp(tau_syn_E=5.0, tau_syn_I=10.0), label="mixed")
    source = sim.Population(2, sim.SpikeSourceArray())
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=-0.5), receptor_type="inhibitory")
    sim.run(1.0)
    sim.Projection(source, cells, sim.OneToOneConnector(), sim.StaticSynapse(weight=0.5))
    with pytest.raises(InputError, match=r"mixed .* tau_syn_E=5 and tau_syn_I=10 ms; .* make both equal"):
        sim.run(1.0)


def test_conductances_cannot_be_recorded(sim):
    with pytest.raises(RecordingError, match="gsyn_exc"):
        sim.Population(1, sim.IF_curr_exp()).record("gsyn_exc")


@pytest.mark.parametrize(
    ("cell", "parameters", "message"),
    [
        ("IF_curr_exp", {"tau_m": 0.0}, "tau_m of IF_curr_exp must be above 0, got 0"),
        ("IF_curr_delta", {"cm": -1.0}, "cm of IF_curr_delta must be above 0"),
        ("IF_curr_exp", {"v_reset": -40.0}, "v_reset of IF_curr_exp is above v_thresh"),
        ("SpikeSourcePoisson", {"rate": 20000.0}, r"rate must be 0 to 10000 Hz with steps of 0\.1 ms, got 20000"),
        ("SpikeSourceArray", {"spike_times": [3.0, 2.0]}, "must rise, got 2 after 3 ms"),
        ("SpikeSourceArray", {"spike_times": [3.0, 3.01]}, "fall into one step"),
        ("SpikeSourceArray", {"spike_times": [-1.0]}, "must be 0 ms or more, got -1"),
    ],
)
def test_parameter_that_cannot_be_is_refused(sim, cell, parameters, message):
    with pytest.raises(InputError, match=message) as caught:
        sim.Population(2, getattr(sim, cell)(**parameters))
    assert isinstance(caught.value, InvalidParameterValueError)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dendritic_delay_fraction": 1.0}, "dendritic_delay_fraction must be 0"),
        ({"voltage_dependence": 1}, "voltage_dependence"),
        ({"timing_dependence": None}, "must be a SpikePairRule"),
        ({"weight_dependence": None}, "must be AdditiveWeightDependence or Multiplicative"),
    ],
)
def test_mechanism_that_no_chip_has_is_refused(sim, options, message):
    parts = {"timing_dependence": sim.SpikePairRule(), "weight_dependence": sim.AdditiveWeightDependence()}
    with pytest.raises(InputError, match=message):
        sim.STDPMechanism(**parts | {"dendritic_delay_fraction": 0} | options)


def test_inhibitory_learning_is_refused(sim):
    cells, source = sim.Population(2, sim.IF_curr_exp()), sim.Population(2, sim.SpikeSourceArray())
    rule = sim.STDPMechanism(
        sim.SpikePairRule(), sim.AdditiveWeightDependence(), dendritic_delay_fraction=0, weight=-0.1
    )
    with pytest.raises(InputError, match="STDP is for excitatory synapses"):
        sim.Projection(source, cells, sim.OneToOneConnector(), rule, receptor_type="inhibitory")


def test_sources_get_no_synapses_and_no_currents(sim):
    cells, source = sim.Population(2, sim.IF_curr_exp()), sim.Population(2, sim.SpikeSourceArray())
    with pytest.raises(InputError, match="spike sources, which have no synapses"):
        sim.Projection(cells, source, sim.OneToOneConnector())
    with pytest.raises(TypeError, match="spike source"):
        sim.DCSource().inject_into(source)


def test_cells_of_another_backend_are_refused(sim):
    import pyNN.mock

    with pytest.raises(InputError, match="cell types IF_curr_exp, IF_curr_delta"):
        sim.Population(2, pyNN.mock.IF_curr_exp())


@pytest.mark.parametrize(
    ("times", "amplitudes", "message"), [([2.0, 1.0], [0.1, 0.2], "rise"), ([1.0], [0.1, 0.2], "differ in length")]
)
def test_step_currents_that_cannot_be_are_refused(sim, times, amplitudes, message):
    with pytest.raises(InputError, match=message):
        sim.StepCurrentSource(times=times, amplitudes=amplitudes)
