"""Parameters and state of the neurons: one memory for each region, or for several narrow ones."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from neurocorex.spec import CoreConfig, Region, layout
from neurocorex.spec.memories import PACKS
from neurocorex.spec.registers import CONTEXTS, PARAMETERS, STATE

from ..lib.bus import RegionBus, fan_out
from ..registers.region import RegionMemory, RegionPort
from .pace import holds


def neuron_regions(config: CoreConfig) -> tuple[Region, ...]:
    """Regions with an item per neuron, in each context perhaps, that exist as memories on a chip of this geometry."""
    present = (region for region in PARAMETERS + CONTEXTS + STATE if layout(region, config).items)
    return tuple(region for region in present if config.adaptation or region is not Region.ADAPTATION)


def packs(config: CoreConfig) -> tuple[tuple[Region, ...], ...]:
    """Return the regions that `neuron_regions` names, by memory."""
    present = neuron_regions(config)
    packed = {region for pack in PACKS for region in pack}
    shared = (tuple(region for region in pack if region in present) for pack in PACKS)
    return (*filter(None, shared), *((region,) for region in present if region not in packed))


class NeuronMemory(wiring.Component):
    """All parameters and all state of the neurons.

    Members
    -------
    bus : In(RegionBus)
        Answers after `TARGET_LATENCY` cycles.
    threshold, refractory, ... : In(RegionPort)
        One port per pack, with the name of its first region in lower case.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        ports = {pack[0].name.lower(): In(RegionPort(pack, config)) for pack in packs(config)}
        super().__init__({"bus": In(RegionBus()), **ports})

    def elaborate(self, platform: object) -> Module:
        """Build a memory for each pack."""
        m = Module()
        buses = []
        for pack in packs(self._config):
            name = pack[0].name.lower()
            m.submodules[name] = memory = RegionMemory(pack, self._config, held=holds(self._config))
            wiring.connect(m, wiring.flipped(getattr(self, name)), memory.port)
            buses.append(memory.bus)
        fan_out(m, self.bus, buses)
        return m
