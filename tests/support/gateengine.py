"""Engine of Amaranth's simulator that runs a design as machine code; testbenches notice nothing but the speed.

Amaranth's own engine runs a design as Python, a millisecond or two for a cycle of a core. This one takes the same
netlist that is written as Verilog, so what Verilog makes of a design is what is tested. With `GATES=python` in the
environment the tests take Amaranth's own.
"""

import os
from collections.abc import Callable
from typing import Any

from amaranth.hdl import Elaboratable, Fragment, MemoryData, Shape, Signal
from amaranth.hdl import _nir as nir
from amaranth.hdl._ast import SignalSet
from amaranth.hdl._ir import Design, NetlistEmitter
from amaranth.sim import Simulator, pysim

from support.gatecode import GateCode
from support.gatenets import chunks, words

_WORD = (1 << 64) - 1


def simulator(design: Elaboratable | Fragment) -> Simulator:
    """Return a simulator of a design."""
    return Simulator(design, engine="pysim" if os.environ.get("GATES") == "python" else GateEngine)


def renew(simulator: Simulator) -> bool:
    """Make a simulator as it was before its testbenches were added; return whether its engine can."""
    engine = simulator._engine
    if not isinstance(engine, GateEngine):
        return False
    engine._testbenches.clear()
    engine._active_triggers.clear()
    simulator.reset()
    return True


class _Emitter(NetlistEmitter):
    """Emitter that remembers which cell is which memory."""

    def __init__(self, netlist: nir.Netlist, design: Design) -> None:
        super().__init__(netlist, design, all_undef_to_ff=True)
        self.memories: dict[MemoryData, int] = {}

    def emit_memory(self, module_idx: int, fragment: Any, name: str) -> int:
        cell: int = super().emit_memory(module_idx, fragment, name)
        self.memories[fragment._data] = cell
        return cell


class _SignalState:
    """Signal as testbenches see it: a value in the buffer, or a value of its own if the design does not use it."""

    def __init__(self, signal: Signal, state: "_State") -> None:
        self.signal, self._state = signal, state
        self.wakers: list[Callable[[int, int], bool]] = []
        value = state.netlist.signals.get(signal)
        parts = [] if value is None else list(chunks(value))
        self.is_comb = signal in state.comb
        self._parts = parts
        self._negative = 1 << len(signal) - 1 if signal.shape().signed and len(signal) else 0
        self._own = signal.init
        if parts:
            self.read = eval(f"lambda memory: {self._expression()}")  # noqa: S307 - numbers that were computed here
        self.reset()

    def reset(self) -> None:
        self.wakers.clear()
        self._own = self.signal.init
        self.seen = self.next = self.curr

    def _expression(self) -> str:
        """Python that puts the value together from words of the buffer."""
        terms = []
        for place, cell, first, width in self._parts:
            if cell is None:
                terms.append(f"{first << place}")
                continue
            start = self._state.code.layout.cells[cell]
            for word in range(first // 64, (first + width - 1) // 64 + 1):
                low, high = max(first, 64 * word), min(first + width, 64 * word + 64)
                shift, mask = low - 64 * word, (1 << high - low) - 1
                terms.append(f"((memory[{start + word}] >> {shift} & {mask}) << {place + low - first})")
        return " | ".join(terms)

    @property
    def curr(self) -> int:
        if not self._parts:
            return self._own
        value: int = self.read(self._state.code.memory)
        return value - 2 * self._negative if value & self._negative else value

    def update(self, value: int, mask: int = ~0) -> None:
        pending = self in self._state.pending
        old = self.next if pending else self.curr
        value = (old & ~mask) | (value & mask)
        if pending or value != old:
            self.next = value
            self._state.pending.add(self)

    def add_waker(self, waker: Callable[[int, int], bool]) -> None:
        if not self.wakers:
            self.seen = self.curr
            self._state.watched[self] = None
        self.wakers.append(waker)

    def commit(self) -> bool:
        """Put what was set into the buffer."""
        old = self.curr
        if old == self.next:
            return False
        if not self._parts:
            self._own = self.next
        for place, cell, first, width in self._parts:
            self._put(self._state.code.layout.cells[cell], first, self.next >> place & (1 << width) - 1, width)
        self.wake()
        self._state.changed(self, self.next)
        return True

    def _put(self, start: int, first: int, value: int, width: int) -> None:
        memory = self._state.code.memory
        for word in range(first // 64, (first + width - 1) // 64 + 1):
            low, high = max(first, 64 * word), min(first + width, 64 * word + 64)
            mask = (1 << high - low) - 1 << low - 64 * word
            part = value >> low - first << low - 64 * word & mask
            memory[start + word] = memory[start + word] & ~mask & _WORD | part

    def wake(self) -> None:
        """Tell those who wait, if the value has changed."""
        new = self.curr
        if new != self.seen:
            pysim._run_wakers(self.wakers, self.seen, new)
            self.seen = new
            if not self.wakers:
                self._state.watched.pop(self, None)


class _MemoryState:
    """Rows of a memory in the buffer."""

    def __init__(self, data: MemoryData, cell: int, state: "_State") -> None:
        self._state, self._start = state, state.code.layout.cells[cell]
        self._depth, self._shape = data.depth, Shape.cast(data.shape)
        self._words = words(self._shape.width)
        self._queue: dict[int, int] = {}

    def reset(self) -> None:
        self._queue.clear()

    def read(self, addr: int) -> int:
        if addr not in range(self._depth):
            return 0
        place = self._start + addr * self._words
        value = sum(self._state.code.memory[place + word] << 64 * word for word in range(self._words))
        return value - (1 << self._shape.width) if self._shape.signed and value >> self._shape.width - 1 else value

    def write(self, addr: int, value: int, mask: int | None = None) -> None:
        if addr in range(self._depth):
            mask = -1 if mask is None else mask
            self._queue[addr] = (self._queue.get(addr, self.read(addr)) & ~mask) | (value & mask)
            self._state.pending.add(self)

    def commit(self) -> bool:
        for addr, value in self._queue.items():
            value &= (1 << self._shape.width) - 1
            for word in range(self._words):
                self._state.code.memory[self._start + addr * self._words + word] = value >> 64 * word & _WORD
        self._queue.clear()
        self._state.stale = True
        return True


class _State(pysim._PyEngineState):
    """Signals and memories of a design, as far as somebody has asked for them."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.netlist = nir.Netlist()
        emitter = _Emitter(self.netlist, design)
        emitter.emit_fragment(design.fragment, None)
        self.netlist.check_comb_cycles()
        self.netlist.resolve_all_nets()
        self._cells = emitter.memories
        self.comb = SignalSet(
            signal for signal, drivers in emitter.drivers.items() if any(domain is None for _, domain in drivers)
        )
        self.code = GateCode(self.netlist)
        self.clock = self.code.clock
        self.watched: dict[_SignalState, None] = {}
        self.stale = self.edge = False

    def reset(self) -> None:
        self.code.reset()
        self.watched.clear()
        self.stale = self.edge = False
        super().reset()

    def get_signal(self, signal: Signal) -> int:
        if signal not in self.signals:
            self.signals[signal] = len(self.slots)
            self.slots.append(_SignalState(signal, self))
        return self.signals[signal]

    def get_memory(self, memory: MemoryData) -> int:
        if memory not in self.memories:
            self.memories[memory] = len(self.slots)
            self.slots.append(_MemoryState(memory, self._cells[memory], self))
        return self.memories[memory]

    def changed(self, slot: _SignalState, value: int) -> None:
        """Note that a testbench or the clock has changed a signal."""
        self.stale = True
        if value and any(cell is not None and (cell, first) == self.clock for _, cell, first, _ in slot._parts):
            self.edge = True

    def run(self) -> None:
        """Let the design follow what has changed."""
        if self.edge:
            self.code.edge()
        else:
            self.code.settle()
        self.stale = self.edge = False
        for slot in tuple(self.watched):
            slot.wake()


class GateEngine(pysim.PySimEngine):
    """Engine that runs a design as machine code; the design has one clock."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._state = _State(design)
        self._processes = set()
        self._testbenches = []
        self._delta_cycles = 0
        self._vcd_writers = []
        self._active_triggers = set()

    def step_design(self) -> None:
        """Run triggers, processes and the design until nothing changes any more."""
        state, triggers = self._state, self._active_triggers
        while True:
            for trigger in triggers:
                trigger.run()
            triggers.clear()
            for process in self._processes:
                if process.runnable:
                    process.runnable = False
                    process.run()
            if state.stale:
                state.run()
            for slot in state.pending:
                slot.commit()
            state.pending.clear()
            if not (state.stale or triggers):
                return

    def write_vcd(self, **options: Any) -> Any:
        """Waveforms need the values of all signals, which only Amaranth's own engine has."""
        raise NotImplementedError("waveforms are written with GATES=python only")
