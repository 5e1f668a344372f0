"""Changes by what synapses hold: eligibilities times a reward, and weights times the factor that scales them."""

from amaranth.hdl import Mux, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In
from neurocorex.spec import CoreConfig
from neurocorex.spec.config import CHANGE_FRACTION
from neurocorex.spec.fixed import FACTOR_BITS
from neurocorex.spec.rows import has_factors

from ..lib.arithmetic import saturate

#: Bits of a reward, and of a factor of weights less one; signed.
GAIN_BITS = 16


def held_lanes(config: CoreConfig) -> data.ArrayLayout:
    """For each lane, what a synapse holds and a factor multiplies: its eligibility, or in scaling its weight."""
    return data.ArrayLayout(signed(config.weight_bits), config.lanes)


def held_members(config: CoreConfig) -> dict[str, wiring.Member]:
    """Return inputs of what finds changes: what synapses hold, its factor, and whether their product is the change.

    With scaling also whether it is one of a weight, whose factor has more bits behind the point.
    """
    if not has_factors(config):
        return {}
    scales = {"scales": In(1)} if config.scaling else {}
    return {"held": In(held_lanes(config)), "factor": In(signed(GAIN_BITS)), "multiplies": In(1), **scales}


def held_change(changes: wiring.Component, product: Value, config: CoreConfig) -> Value:
    """Return ``sat_C(eligibility * REWARD)``, or in scaling ``sat_C(floor(weight * K / 16))``, from the product."""
    value, excess = product.as_signed(), FACTOR_BITS - CHANGE_FRACTION
    if config.scaling:
        value = Mux(changes.scales, value >> excess, value) if config.eligibility else value >> excess
    return saturate(value.as_signed(), config.change_bits)[0]
