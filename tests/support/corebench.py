"""Runs hardware in Amaranth's simulator, on memories like those of a device; and a `Core` as the link would run it."""

import random
from collections.abc import Callable, Coroutine
from typing import Any

from amaranth.hdl import Elaboratable, Fragment, MemoryData, MemoryInstance, Module, Shape, Signal, Value
from amaranth.lib.memory import Memory
from amaranth.sim import Simulator, SimulatorContext
from neurocorex.spec import Clear, CoreConfig, Counter, Region, layout
from neurocorex_hdl.core import Core
from neurocorex_hdl.lib.bus import read_latency

from support import gateengine


class BlockRam:
    """A platform whose memories give garbage when an item is read in the cycle in which it is written.

    Block RAM of some devices does that, while the simulator would give the old item. Large memories begin with garbage.

    Attributes
    ----------
    memories : list of Memory
        Those that were built, for a look inside.
    """

    def __init__(self) -> None:
        self.memories: list[Memory] = []

    def get_memory(self, memory: Memory) -> Module:
        """Build a memory in place of Amaranth's."""
        self.memories.append(memory)
        content = memory.data
        if memory.attrs.get("ram_style") == "huge":
            bits = Shape.cast(memory.shape).width
            garbage = [random.Random(place).getrandbits(bits) for place in range(memory.depth)]
            content = MemoryData(shape=bits, depth=memory.depth, init=garbage)
        m = Module()
        m.submodules.instance = instance = MemoryInstance(data=content)
        for port in memory.write_ports:
            instance.write_port(domain=port.domain, addr=port.addr, data=port.data, en=port.en)
        for port in memory.read_ports:
            data, spoilt = Signal(len(Value.cast(port.data))), Signal()
            instance.read_port(domain=port.domain, addr=port.addr, data=data, en=port.en, transparent_for=())
            with m.If(port.en):
                m.d.sync += spoilt.eq(0)
                for writer in memory.write_ports:
                    with m.If(writer.en.any() & (writer.addr == port.addr)):
                        m.d.sync += spoilt.eq(1)
            m.d.comb += port.data.eq(data ^ spoilt.replicate(len(data)))
        return m


def simulate(design: Elaboratable, *bodies: Callable[[SimulatorContext], Coroutine[Any, Any, None]]) -> None:
    """Run testbenches side by side until they are all done."""
    simulator = gateengine.simulator(Fragment.get(design, BlockRam()))
    simulator.add_clock(1e-6)
    for body in bodies:
        simulator.add_testbench(body)
    simulator.run()


async def send(ctx: SimulatorContext, stream: Any, payloads: list[Any], rng: random.Random, pause: float) -> None:
    """Offer payloads to a stream; pause before each with some probability a cycle."""
    for payload in payloads:
        while rng.random() < pause:
            await ctx.tick()
        ctx.set(stream.payload, payload)
        ctx.set(stream.valid, 1)
        await ctx.tick().until(stream.ready)
        ctx.set(stream.valid, 0)


async def receive(ctx: SimulatorContext, stream: Any, rng: random.Random, block: float) -> Any:
    """Take one payload from a stream; block it with some probability a cycle."""
    while rng.random() < block:
        await ctx.tick()
    ctx.set(stream.ready, 1)
    payload, *_ = await ctx.tick().sample(stream.payload).until(stream.valid)
    ctx.set(stream.ready, 0)
    return payload


class CoreBench:
    """A core and the simulator's hold on it.

    Parameters
    ----------
    ctx : SimulatorContext
    core : Core
    rng : random.Random
        Source of pauses.
    """

    def __init__(self, ctx: SimulatorContext, core: Core, rng: random.Random) -> None:
        self.ctx = ctx
        self.core = core
        self.rng = rng
        self.cycles = 0
        self._driven: dict[int, int] = {}
        bus = core.bus
        self._place = bus.region, bus.row, bus.column

    def _set(self, port: Value, value: int) -> None:
        """Set an input that only this bench sets; most stay as they are, and to set one takes longest in a cycle."""
        if self._driven.get(id(port)) != value:
            self._driven[id(port)] = value
            self.ctx.set(port, value)

    async def write(self, region: Region, values: list[int], start: int = 0) -> None:
        """Store items as the link does: what is stored stays on the bus for a while."""
        bus = self.core.bus
        for item, value in enumerate(values, start):
            self._address(region, item)
            self.ctx.set(bus.write_data, int(value) & 0xFFFFFFFF)
            self.ctx.set(bus.write, 1)
            await self.ctx.tick()
            self.ctx.set(bus.write, 0)
            await self.ctx.tick().repeat(read_latency(self.core.config))

    async def read(self, region: Region, count: int | None = None, start: int = 0) -> list[int]:
        """Fetch items of a region."""
        bus, form = self.core.bus, layout(region, self.core.config)
        count = form.items - start if count is None else count
        values = []
        for item in range(start, start + count):
            self._address(region, item)
            self.ctx.set(bus.read, 1)
            await self.ctx.tick()
            self.ctx.set(bus.read, 0)
            *_, data = await self.ctx.tick().sample(bus.read_data).repeat(read_latency(self.core.config))
            values.append(data - (1 << 32) if form.signed and data >> 31 else data)
        return values

    async def counters(self) -> dict[Counter, int]:
        """Fetch all counters."""
        words = await self.read(Region.COUNTERS)
        return {counter: words[2 * counter] | words[2 * counter + 1] << 32 for counter in Counter}

    async def run(
        self, data: bytes, *, flush: bool = True, pause: float = 0.0, block: float = 0.0, abort_after: int | None = None
    ) -> bytes:
        """Send a stimulus and take the results, until the core is no longer busy.

        Parameters
        ----------
        data : bytes
        flush : bool
            Whether the stimulus is a whole request. If not, silent steps may be held back, which keeps the core busy.
        pause, block : float
            Probability that in a cycle no byte is offered, or none taken.
        abort_after : int, optional
            Cycle in which the run is aborted.
        """
        run, results, sent, offered = self.core.run, bytearray(), 0, False
        offers, payload, takes = run.stimulus.valid, run.stimulus.payload, run.results.ready
        aborts, flushes = run.abort, run.flush
        tick = self.ctx.tick().sample(run.stimulus.ready, run.results.valid, run.results.payload, run.busy)
        for cycle in range(2_000_000):
            aborting = abort_after is not None and cycle >= abort_after
            # A byte that has been offered stays.
            offered = sent < len(data) and (offered or self.rng.random() >= pause)
            taking = self.rng.random() >= block
            self._set(offers, offered)
            self._set(payload, data[sent] if offered else 0)
            self._set(takes, taking)
            self._set(aborts, aborting)
            self._set(flushes, flush and sent == len(data))
            *_, ready, valid, byte, busy = await tick
            self.cycles += 1
            if valid and taking:
                results.append(byte)
            if (sent == len(data) or aborting) and not busy:
                break
            if offered and ready:
                sent, offered = sent + 1, False
        else:
            raise AssertionError("the core is still busy")
        for port in (offers, flushes, aborts):
            self._set(port, 0)
        return bytes(results)

    async def clear(self, **named: bool) -> None:
        """Clear what is named, such as `state=True` for `Clear.STATE`, and wait until that is done."""
        flags = sum(Clear[name.upper()] for name, wanted in named.items() if wanted)
        self.ctx.set(self.core.run.clear, flags)
        await self.ctx.tick()
        self.ctx.set(self.core.run.clear, 0)
        await self.ctx.tick().until(~self.core.run.busy)

    def _address(self, region: Region, item: int) -> None:
        row, column = divmod(item, layout(region, self.core.config).columns)
        for port, value in zip(self._place, (int(region), row, column), strict=True):
            self.ctx.set(port, value)


def on_core(config: CoreConfig, body: Callable[[CoreBench], Coroutine[Any, Any, None]], *, seed: int = 1) -> None:
    """Simulate a core of geometry `config` while `body` runs."""
    core, simulator = _KEPT.pop(config, None) or _core(config)

    async def testbench(ctx: SimulatorContext) -> None:
        if config.weight_ports == 1:
            await ctx.tick().until(~core.run.busy)  # it clears its weights
        await body(CoreBench(ctx, core, random.Random(seed)))

    simulator.add_testbench(testbench)
    simulator.run()
    if gateengine.renew(simulator):  # one that failed is not kept
        _KEPT[config] = core, simulator
        while len(_KEPT) > KEPT:
            del _KEPT[next(iter(_KEPT))]


#: Cores that are kept, since a test works for a second or two with one that takes three to make.
KEPT = 4
_KEPT: dict[CoreConfig, tuple[Core, Simulator]] = {}


def forget_cores() -> None:
    """Make every core anew from now on, because what they are made of has been changed."""
    _KEPT.clear()


def _core(config: CoreConfig) -> tuple[Core, Simulator]:
    core = Core(config)
    simulator = gateengine.simulator(Fragment.get(core, BlockRam()))
    simulator.add_clock(1e-6)
    return core, simulator
