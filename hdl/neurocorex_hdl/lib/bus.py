"""Region bus: the way by which the link reaches every memory and register of the core."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig

from .delay import stages

#: Cycles from a read request to the answer of a target behind a `BusFork` that is not one of its early ones.
TARGET_LATENCY = 2
#: Members of a `RegionBus` that go from initiator to target.
_REQUEST = ("region", "row", "column", "write", "write_data", "read")


def early_latency(config: CoreConfig) -> int:
    """Cycles from a read request to the answer of an early target of a `BusFork`: later with deep banks."""
    return TARGET_LATENCY + 2 + config.bank_stages


def read_latency(config: CoreConfig) -> int:
    """Cycles from `read` to valid `read_data`; the same for every region, so that no handshake is needed.

    For as many cycles after `read` or `write` the address and the item stay, so that no component on the way has to
    keep them.
    """
    return early_latency(config) + 1


class RegionBus(wiring.Signature):
    """Access to one item of one region, once in `read_latency` + 1 cycles; used only while the core is not busy.

    Members
    -------
    region, row, column : Out
        Address, as in `neurocorex.spec.registers`; the initiator has checked that it exists.
    write : Out
        Store `write_data` in this cycle.
    write_data : Out
        The item; a target takes as many low bits as the region has.
    read : Out
        Fetch the item; it is on `read_data` `read_latency` cycles later.
    read_data : In
        Sign- or zero-extended to 32 bits. Targets that are not addressed drive zero, so that a bus joins them by OR.
    """

    def __init__(self) -> None:
        super().__init__({
            "region": Out(8),
            "row": Out(16),
            "column": Out(16),
            "write": Out(1),
            "write_data": Out(32),
            "read": Out(1),
            "read_data": In(32),
        })  # fmt: skip


def fan_out(m: Module, bus: wiring.PureInterface, targets: Iterable[wiring.PureInterface]) -> None:
    """Pass the requests of a bus on to several targets, and join their answers."""
    targets = list(targets)
    for target in targets:
        m.d.comb += [getattr(target, name).eq(getattr(bus, name)) for name in _REQUEST]
    m.d.comb += bus.read_data.eq(reduce(or_, (target.read_data for target in targets)))


class BusFork(wiring.Component):
    """Bus with several targets, of which some answer later than the others.

    The others are therefore asked later. Only strobes have to wait for that, because the address and the
    item stay on the bus. All answers go through one register.

    Parameters
    ----------
    config : CoreConfig
        Geometry.
    early : int
        How many targets answer `early_latency` cycles after a request.
    late : int
        How many answer `TARGET_LATENCY` cycles after a request.

    Members
    -------
    bus : In(RegionBus)
        The initiator's side.
    targets : Out(RegionBus)
        A port for each target, early ones first.
    """

    def __init__(self, config: CoreConfig, *, early: int, late: int) -> None:
        self._wait = early_latency(config) - TARGET_LATENCY
        self._early = early
        super().__init__({"bus": In(RegionBus()), "targets": Out(RegionBus()).array(early + late)})

    def elaborate(self, platform: object) -> Module:
        """Build the delays of the strobes."""
        m = Module()
        early, late = RegionBus().create(path=("early",)), RegionBus().create(path=("late",))
        for request in (early, late):
            m.d.comb += [getattr(request, name).eq(getattr(self.bus, name)) for name in _REQUEST]
        m.d.comb += late.read.eq(stages(m, self.bus.read, self._wait, name="read", reset_less=False)[-1])
        m.d.comb += late.write.eq(stages(m, self.bus.write, 1, name="write", reset_less=False)[-1])
        m.d.sync += self.bus.read_data.eq(late.read_data | early.read_data)
        fan_out(m, early, self.targets[: self._early])
        fan_out(m, late, self.targets[self._early :])
        return m
