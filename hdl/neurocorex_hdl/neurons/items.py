"""Parameters and state of the neuron at each stage of the pipeline: read just in time, and written back at the end."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Value
from amaranth.lib import data
from neurocorex.spec import CoreConfig, Region
from neurocorex.spec.registers import CONTEXTS

from ..lib.delay import stages
from ..registers.region import RegionPort
from .pace import holds, neuron_stages
from .parameters import NeuronMemory, packs
from .sweep import Sweep


class StagedItems:
    """Items of the neuron at each stage.

    Parameters
    ----------
    slot : View
        The neuron that enters.
    memory : NeuronMemory
        Their memories.
    wanted : mapping of Region to int
        Stage at which an item of each region is wanted.
    last : int
        The last stage.
    context : Value
        The context that is in force, where there are several.

    Attributes
    ----------
    valid, indices : list
        At index n: whether there is a neuron at stage n, and which.
    """

    def __init__(
        self,
        m: Module,
        slot: data.View,
        memory: NeuronMemory,
        wanted: Mapping[Region, int],
        last: int,
        config: CoreConfig,
        context: Value,
    ) -> None:
        self._m = m
        self._sweep, self._config = slot.sweep, config
        self._held = holds(config)
        self.valid = stages(m, slot.valid, last, name="valid", reset_less=False)
        self.indices = neuron_stages(m, slot, self.valid, last, config)
        self._ports = {}
        self._items = {}
        latency = 1 if self._held else RegionPort.LATENCY
        for pack in packs(config):
            # A word is there for the first of its regions that is wanted; the items of the others wait.
            stages_wanted = {region: wanted[region] for region in pack if region in wanted}
            if not stages_wanted:
                continue
            first = min(stages_wanted.values())
            port = getattr(memory, pack[0].name.lower())
            m.d.comb += [
                port.read.eq(self.valid[first - latency]),
                port.read_index.eq(Cat(self.indices[first - latency], context if pack[0] in CONTEXTS else Const(0, 0))),
            ]
            for region, stage in stages_wanted.items():
                self._items[region] = self._wait(port.read_data[region.name.lower()], stage - first, region)
                self._ports[region] = port

    def read(self, region: Region) -> Value:
        """Item of the neuron at the stage at which it is wanted."""
        return self._items[region]

    def late(self, region: Region) -> Value:
        """Item of the neuron a stage later."""
        return self._wait(self._items[region], 1, region)

    def _wait(self, item: Value, count: int, region: Region) -> Value:
        """Item some stages after it has been read."""
        waiting = max(0, count - 1) if self._held else count
        return stages(self._m, item, waiting, name=region.name.lower())[-1]

    def write(self, region: Region, stage: int, value: Value, cleared: Value) -> None:
        """Store an item of the neuron at `stage`, or, in a sweep that clears, its default if `cleared` is there."""
        name, port, sweep = region.name.lower(), self._ports[region], self._sweep
        self._m.d.comb += [
            port.write[name].eq(self.valid[stage] & ((sweep == Sweep.UPDATE) | ((sweep == Sweep.CLEAR) & cleared))),
            port.write_index.eq(self.indices[stage]),
            port.write_data[name].eq(Mux(sweep == Sweep.CLEAR, region.row.power_up(self._config), value)),
        ]
