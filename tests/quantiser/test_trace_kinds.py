"""Time constants of rules by kind of source: registers, rooms, the report, other chips, and what is refused."""

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.errors import FitError
from neurocorex.learning import errors, stdp
from neurocorex.quantiser.comparison import Comparison
from neurocorex.quantiser.quantise import quantised as quantise
from neurocorex.quantiser.quantise import smallest_config
from neurocorex.quantiser.report import Report
from neurocorex.spec import Control, Region
from neurocorex.spec.fixed import DECAY_BITS
from neurocorex.spec.registers import OTHERS

ALL, FIRST, LAST = slice(None), slice(0, 2), slice(2, 4)
BOTH = "both"


def rule(tau_ms, **changes):
    return stdp(tau_ms, 30.0, **{"potentiation": 0.02, "depression": -0.01, "bounds": (0.0, 1.0), **changes})


def network(*triples):
    """Three inputs and four neurons; triples are (rule, source, targets)."""
    net = ncx.Network(inputs=3, neurons=4)
    net.connect(net.inputs, net.neurons, 0.25)
    net.connect(net.neurons, net.neurons, 0.5)
    net.neurons.set(threshold=1.5, tau_ms=20.0)
    sources = {"inputs": [net.inputs], "neurons": [net.neurons], BOTH: [net.inputs, net.neurons]}
    for each, source, targets in triples:
        for axons in sources[source]:
            net.learn(each, between=(axons, net.neurons[targets]))
    return net


def held(image, registers):
    return [int(image.regions[Region.CONTROL][each]) for each in registers]


APART = ((rule(10.0, accumulate=4), "inputs", ALL), (rule(50.0, accumulate=(20, 4)), "neurons", LAST))


def test_each_kind_has_decay_and_room_of_its_rule(tmp_path):
    image, report = quantise(network(*APART))
    for registers, tau_ms, room in ((OTHERS, 10.0, 4), (OTHERS.values(), 50.0, 20)):
        decay, increment, cap = held(image, registers)
        assert 1 - decay / (1 << DECAY_BITS) == pytest.approx(np.exp(-1 / tau_ms), rel=1e-4)
        assert cap / increment == pytest.approx(room, rel=0.1)
    windows = [each.window.potentiation for each in report.rules]
    for window, tau_ms in zip(windows, (10.0, 50.0), strict=True):
        assert window.acting[10] / window.acting[0] == pytest.approx(np.exp(-10 / tau_ms), rel=0.03)
        assert window.area_error == pytest.approx(0, abs=0.01)
        assert "stated" in str(window.why)
    image.save(tmp_path / "apart.npz")
    read = Report.of(ncx.Image.load(tmp_path / "apart.npz"))
    assert [each.window.potentiation.acting for each in read.rules] == [window.acting for window in windows]


def test_comparison_tells_which_kind_is_off():
    net = network(*APART)
    image = quantise(net)[0]
    control = image.regions[Region.CONTROL].copy()
    control[Control.PRE_DECAY_OTHERS] //= 2
    wrong = ncx.Image(image.config, {**image.regions, Region.CONTROL: control}, image.scale, image.meta)
    before, after = (
        {each.name: each.relative for each in Comparison.of(net, which).differing} for which in (image, wrong)
    )
    assert before["tau_pre_ms of rule 2"] < 0.001
    assert after["tau_pre_ms of rule 2"] > 0.9
    assert {name for name in after if after[name] != before.get(name)} == {
        "tau_pre_ms of rule 2", "potentiation of rule 2"
    }  # fmt: skip


def test_time_constants_that_agree_are_one_law_for_all_axons():
    image = quantise(network((rule(20.0), "inputs", ALL), (rule(20.0, accumulate=9), "neurons", LAST)))[0]
    assert held(image, OTHERS) == held(image, OTHERS.values())
    assert len(image.meta["trace_rooms"]) == 2


@pytest.mark.parametrize("swapped", [False, True])
def test_errors_count_on_one_kind_while_spikes_fade_on_the_other(swapped):
    places = ("inputs", "neurons")[:: -1 if swapped else 1]
    lessons = errors(0.004, bounds=(-1.0, 1.0), accumulate=8)
    net = network((lessons, places[0], FIRST), (rule(20.0, accumulate=5), places[1], LAST))
    net.feedback(net.neurons[2:], net.neurons[:2], np.eye(2))
    image, report = quantise(net)
    counting, fading = (list(OTHERS), list(OTHERS.values()))[:: -1 if swapped else 1]
    assert held(image, counting)[0] == 0
    assert held(image, fading)[0] == pytest.approx((1 - np.exp(-1 / 20)) * 65536, abs=1)
    assert report.errors.room >= 8
    assert not report.errors.forgets
    assert abs(report.errors.error) < 0.01
    assert report.window.potentiation.room == pytest.approx(5, rel=0.1)
    assert report.window.potentiation.area_error == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("second", "source", "message"),
    [
        (
            rule(25.0),
            BOTH,
            r"rule 1 \(tau_pre_ms 20\) and rule 2 \(tau_pre_ms 25\) .* from inputs; an axon",
        ),
        (rule(25.0), "inputs", "an axon has one trace, .* give both rules the same, or let one change synapses from"),
        (errors(0.01, bounds=(0.0, 1.0)), "inputs", r"rule 1 \(tau_pre_ms 20\) and rule 2 \(tau_ms inf\)"),
    ],
)
def test_two_time_constants_for_one_axon_are_refused(second, source, message):
    net = network((rule(20.0), "inputs", FIRST), (second, source, LAST))
    with pytest.raises(FitError, match=message):
        smallest_config(net)


def test_rule_for_both_kinds_binds_a_rule_for_neurons():
    with pytest.raises(FitError, match=r"rule 1 .* and rule 2 .* both change synapses from neurons"):
        quantise(network((rule(20.0), BOTH, FIRST), (rule(25.0), "neurons", LAST)))


# Other chips ------------------------------------------------------------------------------------------


def test_chip_with_more_rules_takes_the_law_of_all_axons_for_both_kinds():
    image = quantise(network((rule(20.0), "inputs", ALL)))[0]
    assert image.config.rules == 1
    fitted = image.fit(ncx.CoreConfig(**{**image.config.to_dict(), "rules": 2}))
    assert held(fitted, OTHERS) == held(fitted, OTHERS.values()) == held(image, OTHERS)
    assert held(fitted.fit(image.config), OTHERS) == held(image, OTHERS)


def test_chip_with_one_law_is_refused_where_neurons_learn_by_another():
    image = quantise(network((rule(20.0), "inputs", ALL)))[0]
    two = ncx.CoreConfig(**{**image.config.to_dict(), "rules": 2})
    regions = {region: values.copy() for region, values in image.fit(two).regions.items()}
    regions[Region.CONTROL][Control.PRE_DECAY_OTHERS] += 1
    assert ncx.Image(two, regions).fit(image.config).config == image.config  # nothing reads those traces
    regions[Region.PLASTIC][4, 0] = 1
    with pytest.raises(FitError, match=r"traces of neurons unlike those of inputs \(the chip has rules = 1\)"):
        ncx.Image(two, regions).fit(image.config)
