"""Geometry: validation, derived sizes, exchange."""

import dataclasses
from typing import Any

import pytest
from neurocorex.spec import Control, CoreConfig, Learning
from neurocorex.spec.config import LIMITS


def test_default_geometry() -> None:
    config = CoreConfig()
    assert (config.neurons, config.inputs, config.lanes) == (96, 64, 16)
    assert config.axons == 160
    assert config.neuron_blocks == 6
    assert config.axon_stride == 160
    assert config.weight_words == 960
    assert config.weight_range == (-128, 127)
    assert config.state_range == (-524288, 524287)
    assert config.accumulator_bits == 16
    assert config.delay_bits == 5
    assert config.payload_bytes == 508


def test_derived_sizes_round_up() -> None:
    config = CoreConfig(neurons=17, inputs=3, lanes=8)
    assert (config.neuron_blocks, config.axon_stride, config.weight_words) == (3, 32, 96)


def test_accumulator_holds_all_axons_at_once() -> None:
    for neurons, inputs, bits in ((1, 1, 4), (7, 1, 8), (7, 2, 8), (1024, 1024, 16), (4096, 4096, 16)):
        config = CoreConfig(neurons=neurons, inputs=inputs, weight_bits=bits)
        assert config.axons * -config.weight_range[0] <= 1 << (config.accumulator_bits - 1)


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_limits_are_accepted_and_their_neighbours_are_not(name: str) -> None:
    allowed = LIMITS[name]
    edges = allowed if isinstance(allowed, tuple) else (min(allowed), max(allowed))
    exponential = name in ("errors", "rules", "terms", "eligibility", "scaling")
    needed: dict[str, Any] = {"learning": Learning.EXPONENTIAL} if exponential else {}
    for value in edges:
        assert getattr(CoreConfig(**{name: value, **needed}), name) == value
    for value in (edges[0] - 1, edges[1] + 1):
        with pytest.raises(ValueError, match=f"{name} must be .*, got {value}"):
            CoreConfig(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"), [("neurons", "96"), ("lanes", 3), ("weight_bits", 7), ("state_bits", 20.0), ("inputs", None)]
)
def test_bad_value_is_named(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"{name} must be"):
        CoreConfig(**{name: value})


@pytest.mark.parametrize(
    ("learning", "lanes"),
    [(Learning.NONE, 16), (Learning.WINDOW, 16), (Learning.EXPONENTIAL, 2), (Learning.EXPONENTIAL, 1)],
)
def test_errors_need_exponential_traces_and_four_lanes(learning: Learning, lanes: int) -> None:
    assert CoreConfig(errors=True, learning=Learning.EXPONENTIAL, lanes=4).errors is True
    with pytest.raises(ValueError, match=f"errors needs learning 1 .* 4 lanes .* learning {learning:d} and {lanes}"):
        CoreConfig(errors=True, learning=learning, lanes=lanes)


@pytest.mark.parametrize(
    "field", [{"rules": 2}, {"rules": 4}, {"terms": True}, {"eligibility": True}, {"scaling": True}], ids=str
)
@pytest.mark.parametrize("learning", [Learning.NONE, Learning.WINDOW])
def test_fields_that_need_exponential_traces(field: dict[str, Any], learning: Learning) -> None:
    (name,) = field
    assert CoreConfig(learning=Learning.EXPONENTIAL, lanes=1, **field).to_dict()[name] == field[name]
    with pytest.raises(ValueError, match=f"{name} needs learning 1 .* got learning {learning:d} and {name} "):
        CoreConfig(learning=learning, **field)


@pytest.mark.parametrize("learning", Learning)
def test_groups_need_nothing_else(learning: Learning) -> None:
    config = CoreConfig(learning=learning, groups=3, lanes=1)
    assert Control.SILENT.bits(config) == 4
    judgement = (Control.JUDGE, Control.LABEL, Control.PRAISE, Control.BLAME, Control.CONSCIENCE)
    assert not any(register.bits(config) for register in judgement)
    errors = CoreConfig(learning=Learning.EXPONENTIAL, groups=3, errors=True)
    assert all(register.bits(errors) for register in judgement)


def test_config_is_immutable_and_compares_by_value() -> None:
    config = CoreConfig(neurons=10)
    assert config == CoreConfig(neurons=10)
    assert hash(config) == hash(CoreConfig(neurons=10))
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.neurons = 11  # type: ignore[misc]


def test_json_round_trip() -> None:
    config = CoreConfig(neurons=10, weight_bits=4, adaptation=False)
    assert CoreConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize("text", ["[1]", '"x"', '{"neurons": 0}', '{"planets": 9}', "{"])
def test_bad_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        CoreConfig.from_json(text)


def test_unknown_field_is_named() -> None:
    with pytest.raises(ValueError, match="planets"):
        CoreConfig.from_dict({"planets": 9})
