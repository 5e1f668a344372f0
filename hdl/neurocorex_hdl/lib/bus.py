"""The bus on which the link reaches every memory and register of the core."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

#: Cycles from `read` to valid `read_data`; the same for every region, so that no handshake is needed. For as many
#: cycles after `read` or `write` the address and the item stay, so that nobody on the way has to keep them.
READ_LATENCY = 5


class RegionBus(wiring.Signature):
    """Access to one item of one region, once in `READ_LATENCY` + 1 cycles; used only while the core is not busy.

    Members
    -------
    region, row, column : Out
        Address, as in `neurocorex.spec.registers`; the initiator has checked that it exists.
    write : Out
        Store `write_data` in this cycle.
    write_data : Out
        The item; a target takes as many low bits as the region has.
    read : Out
        Fetch the item; it is on `read_data` `READ_LATENCY` cycles later.
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
            "read_data": wiring.In(32),
        })  # fmt: skip
