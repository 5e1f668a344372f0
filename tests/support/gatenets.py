"""Netlists of Amaranth as machine code needs them: cells in the order in which they can be computed."""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from amaranth.hdl import _nir as nir

#: Cells whose results do not follow from their inputs at once.
STORING = (nir.Top, nir.FlipFlop, nir.SyncReadPort)
#: Cells that take what others give at an edge of the clock, and give nothing.
TAKING = (nir.SyncWritePort, nir.SyncProperty)
_OUTSIDE = (*STORING, *TAKING, nir.Memory)
_BITWISE = ("~", "&", "|", "^", "m")


class UnsupportedError(Exception):
    """Netlist of a kind that this code cannot run; Amaranth's own simulator can."""


def words(width: int) -> int:
    """Words of 64 bits that a value takes."""
    return max(1, -(-width // 64))


def chunks(value: nir.Value) -> Iterator[tuple[int, int | None, int, int]]:
    """Parts of a value that stand together: place in it, cell (None for a constant), first bit or constant, width."""
    place = 0
    while place < len(value):
        first, end = value[place], place + 1
        if first.is_const:
            while end < len(value) and value[end].is_const:
                end += 1
            yield place, None, sum(value[bit].const << (bit - place) for bit in range(place, end)), end - place
        else:
            while end < len(value) and value[end] == first + (end - place):
                end += 1
            yield place, first.cell, first.bit, end - place
        place = end


def width_of(cell: nir.Cell) -> int:
    """Bits that a cell gives."""
    match cell:
        case nir.Operator() | nir.Part() | nir.SyncReadPort() | nir.AsyncReadPort():
            return cell.width
        case nir.Matches() | nir.SyncProperty():
            return 1
        case nir.PriorityMatch():
            return len(cell.inputs)
        case nir.AssignmentList():
            return len(cell.default)
        case nir.FlipFlop():
            return len(cell.data)
        case nir.Top():
            return max((first + width for first, width in cell.ports_i.values()), default=2)
    raise UnsupportedError(f"cells of the kind {type(cell).__name__}")


def clock_of(netlist: nir.Netlist) -> nir.Net | None:
    """Net of the only clock; what a simulator sets has the constant 0 for one.

    Raises
    ------
    UnsupportedError
        For several clocks, falling edges, or a reset that waits for no clock.
    """
    clocks = set()
    for cell in netlist.cells:
        if not isinstance(cell, (nir.FlipFlop, nir.SyncReadPort, *TAKING)):
            continue
        if not cell.clk.is_const:
            clocks.add((cell.clk, cell.clk_edge))
        elif not isinstance(cell, nir.FlipFlop):
            raise UnsupportedError("memories without a clock")
        if isinstance(cell, nir.FlipFlop) and cell.arst != 0:
            raise UnsupportedError("resets that wait for no clock")
    if len(clocks) > 1 or any(edge != "pos" for _, edge in clocks):
        raise UnsupportedError("more than one clock, and falling edges")
    return next((clock for clock, _ in clocks), None)


def order(netlist: nir.Netlist) -> list[int]:
    """Cells without a clock, each after those whose results it takes; cells that depend on each other are split."""
    while True:
        clockless = {index: cell for index, cell in enumerate(netlist.cells) if not isinstance(cell, _OUTSIDE)}
        graph = {
            index: {net.cell for net in cell.input_nets() if net.is_cell} & clockless.keys()
            for index, cell in clockless.items()
        }
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            _split(netlist, set(error.args[1]))


class _Renamed:
    """Names of nets after a split, as the cells of a netlist ask for them."""

    def __init__(self) -> None:
        self.nets: dict[nir.Net, nir.Net] = {}

    def resolve_net(self, net: nir.Net) -> nir.Net:
        return self.nets.get(net, net)

    def resolve_value(self, value: nir.Value) -> nir.Value:
        return nir.Value(map(self.resolve_net, value))


def _split(netlist: nir.Netlist, cells: set[int]) -> None:
    """Make a cell for each bit of those that work bit by bit: a loop of cells is none of bits."""
    renamed = _Renamed()
    for index in cells:
        cell = netlist.cells[index]
        for bit in range(width_of(cell)):
            one = _bit_of(cell, bit)
            if one is not None and width_of(cell) > 1:
                renamed.nets[nir.Net.from_cell(index, bit)] = netlist.add_value_cell(1, one)[0]
    if not renamed.nets:
        raise UnsupportedError("cells that depend on each other")
    for cell in netlist.cells:
        cell.resolve_nets(renamed)
    for signal, value in netlist.signals.items():
        netlist.signals[signal] = renamed.resolve_value(value)


def _bit_of(cell: nir.Cell, bit: int) -> nir.Cell | None:
    """Cell that gives one bit of another, or None for a cell whose bits cannot be told apart."""
    if isinstance(cell, nir.AssignmentList):
        assignments = [
            nir.Assignment(cond=each.cond, start=0, value=each.value[bit - each.start], src_loc=each.src_loc)
            for each in cell.assignments
            if each.start <= bit < each.start + len(each.value)
        ]
        default = cell.default[bit]
        return nir.AssignmentList(
            cell.module_idx, default=nir.Value(default), assignments=assignments, src_loc=cell.src_loc
        )
    if isinstance(cell, nir.Operator) and cell.operator in _BITWISE:
        inputs = [value[bit] if len(value) > 1 else value[0] for value in cell.inputs]
        return nir.Operator(
            cell.module_idx, operator=cell.operator, inputs=map(nir.Value, inputs), src_loc=cell.src_loc
        )
    return None
