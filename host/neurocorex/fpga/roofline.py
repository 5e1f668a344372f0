"""The fewest cycles that steps can take: what the memories of a chip can move, and not what its gates make of them."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import CoreConfig
from ..spec.memories import Memory, memories
from .boards import Board
from .parts import SPRAM_SHAPE
from .placement import Placed, place

_BANKS = "core.synapses.matrix.banks"


@dataclass(frozen=True)
class Roofline:
    """Bounds of one geometry.

    An arriving spike reads its N synapses, a neuron that fires and learns the synapses of its A axons. Each is
    `word_bits` wide, and the banks give `bits_per_cycle`. What learns is also written: beside the reading, where the
    banks have a port for that, or in a cycle of its own. State and parameters of a neuron are read and written in one
    cycle, one neuron after the other; they need all sums of the step, and the next step their spikes, so both kinds of
    work add up.

    Parameters
    ----------
    config : CoreConfig
        Geometry of what takes part in steps.
    """

    config: CoreConfig

    @property
    def banks(self) -> Memory:
        """The memories of the weights."""
        return next(memory for memory in memories(self.config) if memory.component == _BANKS)

    @property
    def word_bits(self) -> int:
        """Bits of a synapse: its weight, and whether it is plastic if the chip learns."""
        return self.banks.bits

    @property
    def bits_per_cycle(self) -> int:
        """Bits that the banks give in a cycle, and with two ports take in the same one."""
        return self.banks.count * self.banks.bits

    @property
    def accesses(self) -> int:
        """Cycles that reading and writing a word takes: 1, or 2 where a single port does both."""
        return 2 if self.config.learning and self.banks.ports == 1 else 1

    def cycles(self, steps: int, arrivals: int, columns: int = 0) -> float:
        """Return the fewest cycles for so many steps, axons that arrive in them, and neurons that fire and learn."""
        synapses = arrivals * self.config.neurons + columns * self.config.axons
        return steps * self.config.neurons + self.accesses * synapses * self.word_bits / self.bits_per_cycle

    def events_per_second(self, clock_hz: float) -> float:
        """Return how many synapses spikes can reach in a second, if nothing else has to be done."""
        return clock_hz * self.bits_per_cycle / self.word_bits / self.accesses


def weight_blocks(board: Board) -> tuple[str, int]:
    """Return what holds the weights of a board's default chip, and the bits that it could give in a cycle.

    That is with words as wide as they can be made; banks that are deeper use less of it.
    """
    placed = next(each for each in place(board.config, board.part) if each.memory.component == _BANKS)
    return _described(placed, board), _widest(placed, board)


def _described(placed: Placed, board: Board) -> str:
    if placed.large:
        return f"{placed.large} SPRAM"
    return f"{placed.blocks:g} {board.family.bram_name}" if placed.blocks else f"{placed.luts} LUT"


def _widest(placed: Placed, board: Board) -> int:
    if placed.large:
        return placed.large * SPRAM_SHAPE[1]
    return round(placed.blocks * board.family.bram_pieces * max(bits for _, bits in board.family.bram_shapes))
