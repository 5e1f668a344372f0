"""Memories: block RAM, the large single-port RAM of few devices, and words of several fields."""

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Shape, ShapeLike, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

#: Memories that grow with the number of neurons belong into block RAM, also where they would fit elsewhere.
BLOCK_RAM = {"ram_style": "block"}
#: The large memories that few devices have, with a single port.
LARGE_RAM = {"ram_style": "huge"}
#: Bits that block RAM writes, or leaves alone, together: nine on most devices. Those with finer masks lose nothing,
#: because synthesis drops the bits that are never anything but zero.
BYTE_BITS = 9


def packed_bits(shape: ShapeLike) -> int:
    """Width of a field with what fills its last byte."""
    return -(-Shape.cast(shape).width // BYTE_BITS) * BYTE_BITS


def block_memory(shape: ShapeLike, items: int) -> Memory:
    """Return a memory in block RAM; of two items at least, because one would have an address of no bits."""
    return Memory(shape=shape, depth=max(2, items), init=[], attrs=BLOCK_RAM)


class PackedMemory(wiring.Component):
    """Memory in block RAM whose words have fields: they are read together, and written together or one by one.

    Narrow tables that share words in this way do not take a block RAM each.

    Parameters
    ----------
    fields : mapping of str to ShapeLike
        Name and format of each.
    items : int
        Words.

    Members
    -------
    read, read_index : In
        Word that is wanted; `read` is 1 where it is left open.
    read_data : Out
        Its fields, a cycle later, and until another word is wanted.
    write : In
        A bit for each field: store it.
    write_index, write_data : In
        Word and its fields.
    """

    def __init__(self, fields: Mapping[str, ShapeLike], items: int) -> None:
        self._fields = fields
        # One word would have an address of no bits.
        self._items = max(2, items)
        index = In(range(self._items))
        super().__init__({
            "read": In(1, init=1),
            "read_index": index,
            "read_data": Out(data.StructLayout(fields)),
            "write": In(data.StructLayout(dict.fromkeys(fields, 1))),
            "write_index": index,
            "write_data": In(data.StructLayout(fields)),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the memory, and put the fields at their bytes."""
        m = Module()
        sizes = {name: packed_bits(shape) for name, shape in self._fields.items()}
        word = data.ArrayLayout(BYTE_BITS, sum(sizes.values()) // BYTE_BITS)
        memory = Memory(shape=word, depth=self._items, init=[], attrs=BLOCK_RAM)
        m.submodules.memory = memory
        read, write = memory.read_port(), memory.write_port(granularity=1)
        m.d.comb += [
            read.en.eq(self.read),
            read.addr.eq(self.read_index),
            write.addr.eq(self.write_index),
            write.en.eq(Cat(self.write[name].replicate(bits // BYTE_BITS) for name, bits in sizes.items())),
            write.data.as_value().eq(Cat(_filled(self.write_data[name], bits) for name, bits in sizes.items())),
        ]
        first = 0
        for name, bits in sizes.items():
            field = self.read_data[name]
            m.d.comb += field.eq(read.data.as_value()[first : first + len(Value.cast(field))])
            first += bits
        return m


def _filled(field: Value, bits: int) -> Value:
    """Return the bits of a field, with zeros up to its last byte."""
    pattern = Value.cast(field).as_unsigned()
    return Cat(pattern, Const(0, bits - len(pattern)))
