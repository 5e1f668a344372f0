"""Machine code of a netlist of Amaranth, by LLVM: what every cell gives, and what a clock edge stores.

The words of all cells that somebody looks at stand in one buffer, 64 bits each, and so do the rows of all memories.
`settle` computes what follows from inputs and registers, `edge` stores what a rising clock does and settles.
"""

import ctypes
from dataclasses import dataclass, field
from functools import lru_cache

import llvmlite.binding as llvm
from amaranth.hdl import _nir as nir

from support.gatenets import STORING, TAKING, UnsupportedError, chunks, clock_of, order, width_of, words

#: Whoever calls the code; a process has one, since it holds all code that was linked.
_CODE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_COMPARE = {"==": "eq", "!=": "ne"} | {
    sign + symbol: f"{sign}{name}"
    for sign in "us"
    for symbol, name in {"<": "lt", ">": "gt", "<=": "le", ">=": "ge"}.items()
}
_SIMPLE = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor"}


@dataclass
class Layout:
    """Where the words of cells and memories stand in the buffer."""

    netlist: nir.Netlist
    cells: dict[int, int] = field(default_factory=dict)
    size: int = 0

    def __post_init__(self) -> None:
        for index, cell in enumerate(self.netlist.cells):
            if isinstance(cell, nir.Memory):
                self._take(index, words(cell.width) * cell.depth)
        seen = {0} | {net.cell for value in self.netlist.signals.values() for net in value if net.is_cell}
        for index, cell in enumerate(self.netlist.cells):
            if isinstance(cell, (*STORING, nir.SyncProperty)):
                seen.add(index)
            if isinstance(cell, (*STORING, *TAKING)):
                seen |= {net.cell for net in cell.input_nets() if net.is_cell}
        for index in sorted(seen):
            self._take(index, words(width_of(self.netlist.cells[index])))

    def _take(self, index: int, size: int) -> None:
        self.cells[index] = self.size
        self.size += size

    def initial(self) -> list[int]:
        """Words after power-up, before they settle."""
        content = [0] * self.size
        for index, cell in enumerate(self.netlist.cells):
            if isinstance(cell, nir.FlipFlop):
                self._put(content, self.cells[index], cell.init, len(cell.data))
            elif isinstance(cell, nir.Memory):
                for row, item in enumerate(cell.init):
                    self._put(content, self.cells[index] + row * words(cell.width), item, cell.width)
        return content

    @staticmethod
    def _put(content: list[int], place: int, item: int, width: int) -> None:
        item &= (1 << width) - 1
        for word in range(words(width)):
            content[place + word] = item >> 64 * word & 0xFFFF_FFFF_FFFF_FFFF


class _Function:
    """Text of one function; values that were taken apart or put together once are not computed again."""

    def __init__(self, name: str, layout: Layout) -> None:
        self.layout = layout
        self.netlist = layout.netlist
        self.lines = [f"define void @{name}(ptr noalias %buffer) {{"]
        self.cells: dict[int, str] = {}
        self._values: dict[nir.Value, str] = {}
        self._count = 0

    def emit(self, text: str) -> str:
        """Append an instruction; return the name of its result."""
        self._count += 1
        self.lines.append(f"  %t{self._count} = {text}")
        return f"%t{self._count}"

    def close(self, *last: str) -> str:
        return "\n".join([*self.lines, *(f"  {line}" for line in last), "  ret void", "}"])

    # Words of the buffer

    def load(self, place: int | str, width: int) -> str:
        size = 64 * words(width)
        found = self.emit(f"load i{size}, ptr {self._pointer(place)}, align 8")
        return self.cast(found, size, width)

    def store(self, place: int | str, name: str, width: int) -> None:
        size = 64 * words(width)
        name = self.cast(name, width, size)
        self.lines.append(f"  store i{size} {name}, ptr {self._pointer(place)}, align 8")

    def _pointer(self, place: int | str) -> str:
        return self.emit(f"getelementptr i64, ptr %buffer, i64 {place}")

    # Values

    def cast(self, name: str, width: int, wanted: int, *, signed: bool = False) -> str:
        width, wanted = max(1, width), max(1, wanted)
        if width == wanted:
            return name
        how = "trunc" if wanted < width else "sext" if signed else "zext"
        return self.emit(f"{how} i{width} {name} to i{wanted}")

    def value(self, value: nir.Value) -> str:
        """Name or constant of a value."""
        if value not in self._values:
            self._values[value] = self._joined(value)
        return self._values[value]

    def net(self, net: nir.Net) -> str:
        return self.value(nir.Value(net))

    def _joined(self, value: nir.Value) -> str:
        total, constant = max(1, len(value)), 0
        joined = ""
        for place, cell, first, width in chunks(value):
            if cell is None:
                constant |= first << place
                continue
            part, whole = self.cell(cell), width_of(self.netlist.cells[cell])
            if first:
                part = self.emit(f"lshr i{whole} {part}, {first}")
            part = self.cast(self.cast(part, whole, width), width, total)
            if place:
                part = self.emit(f"shl i{total} {part}, {place}")
            joined = self.emit(f"or i{total} {joined}, {part}") if joined else part
        if not joined:
            return str(constant)
        return self.emit(f"or i{total} {joined}, {constant}") if constant else joined

    def cell(self, index: int) -> str:
        """Result of a cell; of one that was not computed here, the word in the buffer."""
        if index not in self.cells:
            self.cells[index] = self.load(self.layout.cells[index], width_of(self.netlist.cells[index]))
        return self.cells[index]

    def row(self, memory: int, addr: nir.Value) -> tuple[str, str]:
        """Place of a row of a memory in the buffer, and whether there is one."""
        cell = self.netlist.cells[memory]
        width = len(addr) + 33
        number = self.cast(self.value(addr), len(addr), width)
        there = self.emit(f"icmp ult i{width} {number}, {cell.depth}")
        number = self.emit(f"select i1 {there}, i{width} {number}, i{width} 0")
        number = self.cast(number, width, 64)
        number = self.emit(f"mul i64 {number}, {words(cell.width)}")
        return self.emit(f"add i64 {number}, {self.layout.cells[memory]}"), there

    def read(self, cell: nir.SyncReadPort | nir.AsyncReadPort) -> str:
        place, there = self.row(cell.memory, cell.addr)
        return self.emit(f"select i1 {there}, i{cell.width} {self.load(place, cell.width)}, i{cell.width} 0")


class _Settle(_Function):
    """Function that computes all cells without a clock, each after those that it depends on."""

    def __init__(self, layout: Layout, ordered: list[int]) -> None:
        super().__init__("settle", layout)
        for index in ordered:
            cell = self.netlist.cells[index]
            width = width_of(cell)
            if not width:  # LLVM has no integers without bits; what takes it takes a bit that is 0
                self.cells[index] = "0"
                continue
            self.cells[index] = self._computed(cell, width)
            if index in layout.cells:
                self.store(layout.cells[index], self.cells[index], width)

    def _computed(self, cell: nir.Cell, width: int) -> str:
        match cell:
            case nir.Operator():
                return self._operator(cell, width)
            case nir.Part():
                return self._part(cell)
            case nir.Matches():
                return self._matches(cell)
            case nir.PriorityMatch():
                inputs = self.value(cell.inputs)
                least = self.emit(f"and i{width} {inputs}, {self.emit(f'sub i{width} 0, {inputs}')}")
                return self.emit(f"select i1 {self.net(cell.en)}, i{width} {least}, i{width} 0")
            case nir.AssignmentList():
                return self._assigned(cell, width)
            case nir.AsyncReadPort():
                return self.read(cell)
        raise UnsupportedError(f"cells of the kind {type(cell).__name__}")

    def _operator(self, cell: nir.Operator, width: int) -> str:
        symbol, names = cell.operator, [self.value(value) for value in cell.inputs]
        wide = max(1, len(cell.inputs[0]))
        match symbol, *names:
            case "~", a:
                return self.emit(f"xor i{wide} {a}, -1")
            case "-", a:
                return self.emit(f"sub i{wide} 0, {a}")
            case (("b" | "r|"), a):
                return self.emit(f"icmp ne i{wide} {a}, 0")
            case "r&", a:
                # All of the bits of an empty value are ones.
                return self.emit(f"icmp eq i{wide} {a}, -1") if len(cell.inputs[0]) else "1"
            case "r^", a:
                count = self.emit(f"call i{wide} @llvm.ctpop.i{wide}(i{wide} {a})")
                return self.cast(count, wide, 1)
            case "m", test, a, b:
                return self.emit(f"select i1 {test}, i{width} {a}, i{width} {b}")
            case (("<<" | "u>>" | "s>>"), a, b):
                return self._shift(symbol, a, wide, b, len(cell.inputs[1]))
        a, b = names
        if symbol in _SIMPLE:
            return self.emit(f"{_SIMPLE[symbol]} i{wide} {a}, {b}")
        if symbol in _COMPARE:
            return self.emit(f"icmp {_COMPARE[symbol]} i{wide} {a}, {b}")
        raise UnsupportedError(f"the operator {symbol}")

    def _shift(self, symbol: str, a: str, width: int, count: str, count_bits: int) -> str:
        both = max(width, count_bits) + 1
        a, count = self.cast(a, width, both, signed=symbol == "s>>"), self.cast(count, count_bits, both)
        count = self.emit(f"call i{both} @llvm.umin.i{both}(i{both} {count}, i{both} {width})")
        how = {"<<": "shl", "u>>": "lshr", "s>>": "ashr"}[symbol]
        return self.cast(self.emit(f"{how} i{both} {a}, {count}"), both, width)

    def _part(self, cell: nir.Part) -> str:
        """Bits beyond a value are zeros, or its sign."""
        length = len(cell.value)
        total = length + cell.width + len(cell.offset) + cell.stride.bit_length() + 1
        wide = self.cast(self.value(cell.value), length, total, signed=cell.value_signed)
        count = self.cast(self.value(cell.offset), len(cell.offset), total)
        count = self.emit(f"mul i{total} {count}, {cell.stride}")
        count = self.emit(f"call i{total} @llvm.umin.i{total}(i{total} {count}, i{total} {length})")
        return self.cast(self.emit(f"ashr i{total} {wide}, {count}"), total, cell.width)

    def _matches(self, cell: nir.Matches) -> str:
        width, value, found = max(1, len(cell.value)), self.value(cell.value), "0"
        for pattern in cell.patterns:
            mask = int("0" + "".join("0" if bit == "-" else "1" for bit in pattern), 2)
            wanted = int("0" + pattern.replace("-", "0"), 2)
            masked = self.emit(f"and i{width} {value}, {mask}")
            found = self.emit(f"or i1 {found}, {self.emit(f'icmp eq i{width} {masked}, {wanted}')}")
        return found

    def _assigned(self, cell: nir.AssignmentList, width: int) -> str:
        result = self.value(cell.default)
        for each in cell.assignments:
            size, part = len(each.value), self.value(each.value)
            if size < width:
                mask = (1 << size) - 1 << each.start
                part = self.cast(part, size, width)
                part = self.emit(f"shl i{width} {part}, {each.start}")
                part = self.emit(f"or i{width} {part}, {self.emit(f'and i{width} {result}, {~mask}')}")
            result = self.emit(f"select i1 {self.net(each.cond)}, i{width} {part}, i{width} {result}")
        return result


def _edge(layout: Layout, clock: nir.Net | None) -> str:
    """Text of the function that stores: everything is loaded before anything is stored."""
    function, netlist = _Function("edge", layout), layout.netlist
    stores: list[tuple[int | str, str, int]] = []
    for index, cell in enumerate(netlist.cells):
        if isinstance(cell, nir.FlipFlop) and cell.clk == clock:
            stores.append((layout.cells[index], function.value(cell.data), len(cell.data)))
        elif isinstance(cell, nir.SyncReadPort):
            stores.append((layout.cells[index], _read_at_edge(function, index, cell), cell.width))
        elif isinstance(cell, nir.SyncProperty):
            fails = function.emit(f"xor i1 {function.net(cell.test)}, -1")
            stores.append((layout.cells[index], function.emit(f"and i1 {fails}, {function.net(cell.en)}"), 1))
    writes = []
    for cell in netlist.cells:
        if isinstance(cell, nir.SyncWritePort):
            place, there = function.row(cell.memory, cell.addr)
            width = len(cell.data)
            enabled = function.emit(f"select i1 {there}, i{width} {function.value(cell.en)}, i{width} 0")
            data = function.emit(f"and i{width} {function.value(cell.data)}, {enabled}")
            writes.append((place, data, function.emit(f"xor i{width} {enabled}, -1"), width))
    for place, name, width in stores:
        function.store(place, name, width)
    for place, data, kept, width in writes:
        old = function.emit(f"and i{width} {function.load(place, width)}, {kept}")
        function.store(place, function.emit(f"or i{width} {old}, {data}"), width)
    return function.close("call void @settle(ptr %buffer)")


def _read_at_edge(function: _Function, index: int, cell: nir.SyncReadPort) -> str:
    """What a port reads: the row as it was, but for the writers that the port sees through."""
    width, data = cell.width, function.read(cell)
    for writer in (function.netlist.cells[number] for number in cell.transparent_for):
        bits = max(len(cell.addr), len(writer.addr))
        addresses = [function.cast(function.value(addr), len(addr), bits) for addr in (cell.addr, writer.addr)]
        same = function.emit(f"icmp eq i{max(1, bits)} {addresses[0]}, {addresses[1]}")
        enabled = function.emit(f"select i1 {same}, i{width} {function.value(writer.en)}, i{width} 0")
        new = function.emit(f"and i{width} {function.value(writer.data)}, {enabled}")
        data = function.emit(f"and i{width} {data}, {function.emit(f'xor i{width} {enabled}, -1')}")
        data = function.emit(f"or i{width} {data}, {new}")
    return function.emit(f"select i1 {function.net(cell.en)}, i{width} {data}, i{width} {function.cell(index)}")


class GateCode:
    """Code of a netlist, and its buffer.

    Attributes
    ----------
    layout : Layout
    clock : tuple of int, or None
        Cell and bit of the clock.
    memory : memoryview
        Words of the buffer.
    """

    def __init__(self, netlist: nir.Netlist) -> None:
        ordered = order(netlist)
        self.layout = Layout(netlist)
        clock = clock_of(netlist)
        self.clock = None if clock is None else (clock.cell, clock.bit)
        text = "\n".join([_Settle(self.layout, ordered).close(), _edge(self.layout, clock)])
        self._demands = {
            self.layout.cells[index]: cell
            for index, cell in enumerate(netlist.cells)
            if isinstance(cell, nir.SyncProperty) and cell.kind != "cover"
        }
        self._library = _linked(_declared(text))
        self._settle, self._edge = _CODE(self._library["settle"]), _CODE(self._library["edge"])
        self._initial = (ctypes.c_uint64 * self.layout.size)(*self.layout.initial())
        self._buffer = (ctypes.c_uint64 * self.layout.size)()
        self._address = ctypes.addressof(self._buffer)
        self.memory = memoryview(self._buffer).cast("B").cast("Q")
        self.reset()

    def reset(self) -> None:
        """Everything as after power-up."""
        ctypes.memmove(self._buffer, self._initial, ctypes.sizeof(self._buffer))
        self.settle()

    def settle(self) -> None:
        """Compute what follows from inputs and registers."""
        self._settle(self._address)

    def edge(self) -> None:
        """Clock the registers, and settle.

        Raises
        ------
        AssertionError
            If what the design asserts did not hold before.
        """
        self._edge(self._address)
        for place, cell in self._demands.items():
            if self.memory[place]:
                said = "" if cell.format is None else "".join(map(str, cell.format.chunks))
                raise AssertionError(f"{cell.kind} violated at {cell.src_loc}: {said}")


def _declared(text: str) -> str:
    """Text with the declarations of the functions of LLVM that it calls."""
    calls = {part.split("(")[0] for part in text.split("@")[1:] if part.startswith("llvm.")}
    kinds = {call: call.rpartition(".")[2] for call in calls}
    arguments = {call: f"{kind}, {kind}" if "umin" in call else kind for call, kind in kinds.items()}
    return "\n".join([text, *(f"declare {kind} @{call}({arguments[call]})" for call, kind in kinds.items())])


@lru_cache(maxsize=8)
def _linked(text: str) -> llvm.ResourceTracker:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(text)
    machine = llvm.Target.from_default_triple().create_target_machine(opt=0, jit=True)
    jit = llvm.create_lljit_compiler(machine)
    builder = llvm.JITLibraryBuilder().add_ir(module).add_current_process()
    return builder.export_symbol("settle").export_symbol("edge").link(jit, "gates")
