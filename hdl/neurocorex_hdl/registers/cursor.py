"""Cursor over the items of regions: an address that is checked against their table, and goes on from item to item."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig, layout, regions

#: Region, row and column, in the order of the wire.
ADDRESS = data.StructLayout({"region": 8, "row": 16, "column": 16})


class RegionCursor(wiring.Component):
    """Address of an item, checked against `neurocorex.spec.layout`, which is built in as a table.

    Members
    -------
    shift, byte : In
        Shift a byte into the address; five make a new one.
    advance : In(1)
        On to the next item: along the row, then to the next one.
    address : Out(ADDRESS)
        Region, row and column.
    known, writable : Out(1)
        The chip has the region, and it may be written. A cycle after the address.
    inside : Out(1)
        The row and column exist in it. Two cycles after the address.
    ended : Out(1)
        The last item of the region has been passed.
    last_byte : Out(2)
        Bytes of an item less one.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "shift": In(1),
            "byte": In(8),
            "advance": In(1),
            "address": Out(ADDRESS),
            "known": Out(1),
            "writable": Out(1),
            "inside": Out(1),
            "ended": Out(1),
            "last_byte": Out(2),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the cursor."""
        m = Module()
        address = self.address
        shapes = {region: layout(region, self._config) for region in regions(self._config)}
        # Beyond these bits an address that is inside has zeros.
        row = address.row[: max(shape.rows - 1 for shape in shapes.values()).bit_length()]
        column = address.column[: max(shape.columns - 1 for shape in shapes.values()).bit_length()]
        last_row, last_column = Signal(len(row)), Signal(len(column))
        m.d.sync += [self.known.eq(0), self.writable.eq(0)]
        with m.Switch(address.region):
            for region, shape in shapes.items():
                with m.Case(region):
                    m.d.sync += [
                        self.known.eq(1),
                        self.writable.eq(shape.writable),
                        self.last_byte.eq(shape.item_bytes - 1),
                        last_row.eq(shape.rows - 1),
                        last_column.eq(shape.columns - 1),
                    ]
        m.d.sync += self.inside.eq(
            (row <= last_row)
            & (column <= last_column)
            & ~address.row[len(row) :].any()
            & ~address.column[len(column) :].any()
        )
        with m.If(self.shift):
            m.d.sync += [address.eq(Cat(address.as_value()[8:], self.byte)), self.ended.eq(0)]
        with m.Elif(self.advance):
            m.d.sync += column.eq(column + 1)
            with m.If(column == last_column):
                m.d.sync += [column.eq(0), row.eq(row + 1), self.ended.eq(row == last_row)]
        return m
