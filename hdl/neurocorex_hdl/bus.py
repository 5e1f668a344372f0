"""The bus on which the link reaches every memory and register of the core."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import Out

#: Cycles from `read` to valid `read_data`; the same for every region, so that no handshake is needed.
READ_LATENCY = 5


class RegionBus(wiring.Signature):
    """One access a cycle to one item of one region; used only while the core is not busy.

    Members
    -------
    region, row, column : Out
        Address, as in `neurocorex.spec.registers`; the initiator has checked that it exists.
    write : Out
        Store `write_data` in this cycle.
    write_data : Out
        The item; a target takes as many low bits as the region has.
    read : Out
        Fetch the item; it is on `read_data` `READ_LATENCY` cycles later. Reads may follow each other every cycle.
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
