"""Drivers of cocotb benches: settings, clock and reset, and the ports of a core cycle by cycle.

Inputs change on the falling edge of the clock, and outputs are read after everything has settled. So a bench reads what
the chip sees at the next rising edge, on any simulator.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from neurocorex.spec import CoreConfig, Layout, Region, layout
from neurocorex_hdl.lib.bus import read_latency

from .runner import SETTINGS

PERIOD_NS = 10
RESET_CYCLES = 4


def settings() -> dict[str, Any]:
    """Return the settings that the test gave to `run_bench`."""
    found: dict[str, Any] = json.loads(os.environ[SETTINGS])
    return found


async def start(chip: Any, period_ns: int = PERIOD_NS) -> None:
    """Start the clock and reset the chip. All other inputs must have been set before."""
    chip.rst.value = 1
    Clock(chip.clk, period_ns, "ns").start()
    for _ in range(RESET_CYCLES):
        await FallingEdge(chip.clk)
    chip.rst.value = 0
    await FallingEdge(chip.clk)


class CorePorts:
    """The ports of a `neurocorex_hdl.core.Core`, for a bench.

    Parameters
    ----------
    core : handle
        The core, top of the simulation.
    config : CoreConfig
        Its geometry.
    rng : Generator
        Draws the cycles in which the core has to wait for the bench.
    """

    INPUTS = (
        "run__stimulus__payload", "run__stimulus__valid", "run__results__ready", "run__flush", "run__abort",
        "run__clear", "bus__region", "bus__row", "bus__column", "bus__write", "bus__write_data", "bus__read",
        "frame_good", "frame_bad",
    )  # fmt: skip

    def __init__(self, core: Any, config: CoreConfig, rng: np.random.Generator) -> None:
        self.core = core
        self.config = config
        self._rng = rng

    async def start(self) -> None:
        """Reset the core, and wait until its memories are ready."""
        for name in self.INPUTS:
            getattr(self.core, name).value = 0
        await start(self.core)
        await self.settle()

    async def strobe(self, name: str, value: int = 1) -> None:
        """Raise an input for one cycle."""
        port = getattr(self.core, name)
        port.value = value
        await FallingEdge(self.core.clk)
        port.value = 0

    async def settle(self) -> None:
        """Wait until the core is not busy."""
        while True:
            await ReadOnly()
            busy = int(self.core.run__busy.value)
            await FallingEdge(self.core.clk)
            if not busy:
                return

    async def run(self, stimulus: bytes, *, offer: float = 1.0, take: float = 1.0) -> bytes:
        """Send stimulus bytes, flush, and return the results when the core is done.

        Parameters
        ----------
        stimulus : bytes
            Payload of one or more RUN frames.
        offer, take : float
            Probability, in each cycle, that the bench offers the next byte and that it takes a result. An offer
            stays until it is taken, as streams demand.
        """
        _, results = await self._converse(stimulus, offer, take, None)
        return results

    async def run_and_abort(self, stimulus: bytes, cycles: int, *, take: float = 1.0) -> tuple[bytes, bytes]:
        """Begin as `run`, abort after `cycles`; return the bytes that were taken before, and the results."""
        return await self._converse(stimulus, 1.0, take, cycles)

    async def _converse(self, stimulus: bytes, offer: float, take: float, cycles: int | None) -> tuple[bytes, bytes]:
        core = self.core
        results = bytearray()
        sent = 0
        offering = aborted = False
        driven: dict[str, int] = {}

        def drive(**ports: int) -> None:
            """Set the ports that change. To set all in every cycle would take most of the time of a simulation."""
            for name, value in ports.items():
                if driven.get(name) != value:
                    driven[name] = value
                    getattr(core, name).value = value

        while True:
            if cycles is not None and not aborted:
                aborted = cycles == 0
                cycles -= 1
            done = sent == len(stimulus) or aborted
            if aborted and offering:
                offering = False
                drive(run__stimulus__valid=0)
            if not offering and not done and self._rng.random() < offer:
                offering = True
                drive(run__stimulus__payload=stimulus[sent], run__stimulus__valid=1)
            taking = self._rng.random() < take
            drive(run__results__ready=taking, run__abort=aborted, run__flush=done and not aborted)
            await ReadOnly()
            if taking and int(core.run__results__valid.value):
                results.append(int(core.run__results__payload.value))
            taken = offering and int(core.run__stimulus__ready.value)
            finished = done and not int(core.run__busy.value)
            await FallingEdge(core.clk)
            if taken:
                sent += 1
                offering = False
                drive(run__stimulus__valid=0)
            if finished:
                drive(run__flush=0, run__abort=0, run__results__ready=0)
                return stimulus[:sent], bytes(results)

    async def write(self, region: Region, items: Iterable[int]) -> None:
        """Store all items of a region."""
        core = self.core
        core.bus__region.value = region
        for index, item in enumerate(items):
            self._address(region, index)
            core.bus__write_data.value = item & 0xFFFF_FFFF
            await self._request(core.bus__write)
            await FallingEdge(core.clk)

    async def read(self, region: Region) -> list[int]:
        """Fetch all items of a region."""
        core = self.core
        shape = layout(region, self.config)
        items = []
        core.bus__region.value = region
        for index in range(shape.items):
            self._address(region, index)
            await self._request(core.bus__read)
            await ReadOnly()
            items.append(self._item(shape))
            await FallingEdge(core.clk)
        return items

    async def _request(self, strobe: Any) -> None:
        """Ask for what is on the bus, and wait until the answer is there; a cycle later the bus may change."""
        strobe.value = 1
        await FallingEdge(self.core.clk)
        strobe.value = 0
        for _ in range(read_latency(self.config) - 1):
            await FallingEdge(self.core.clk)

    def _address(self, region: Region, index: int) -> None:
        row, column = divmod(index, layout(region, self.config).columns)
        self.core.bus__row.value = row
        self.core.bus__column.value = column

    def _item(self, shape: Layout) -> int:
        data = self.core.bus__read_data.value
        return int(data.to_signed() if shape.signed else data.to_unsigned())
