"""Roofline: the fewest clock cycles that a run can take, from the bandwidth of the chip's memories alone."""

from __future__ import annotations

from dataclasses import dataclass

from ..spec import CoreConfig
from ..spec.memories import Memory, memories
from .boards import Board
from .parts import SPRAM_SHAPES
from .placement import place, total_blocks, total_large

_BANKS = "core.synapses.matrix.banks"


@dataclass(frozen=True)
class Roofline:
    """Lower bound on cycles for one geometry.

    An arriving spike reads a row of N synapses. A neuron that fires and learns reads its column of A synapses, one for
    each axon. A synapse has `word_bits`, and the banks deliver `bits_per_cycle`. A synapse that learns is also
    written: in the same cycle where the banks have a second port, else in a cycle of its own. The neuron update takes
    one cycle a neuron. It needs all sums of the step, and the next step needs its spikes, so both times add up.

    Parameters
    ----------
    config : CoreConfig
        Geometry of the part of the chip that is in use.
    """

    config: CoreConfig

    @property
    def banks(self) -> Memory:
        """Memory banks of the weights; of deep ones the first piece."""
        return next(memory for memory in memories(self.config) if memory.component == _BANKS)

    @property
    def word_bits(self) -> int:
        """Bits of a synapse: the weight and, on a chip that learns, the plastic flag."""
        return self.banks.bits

    @property
    def bits_per_cycle(self) -> int:
        """Bits that the banks read in a cycle; with two ports they write as many in the same cycle."""
        return self.banks.count * self.banks.bits

    @property
    def accesses(self) -> int:
        """Cycles to read and write a word: 1, or 2 where a single port does both."""
        return 2 if self.config.learning and self.banks.ports == 1 else 1

    def cycles(self, steps: int, arrivals: int, columns: int = 0) -> float:
        """Return the fewest cycles for a number of steps, arriving spikes, and columns of neurons that learn."""
        synapses = arrivals * self.config.neurons + columns * self.config.axons
        return steps * self.config.neurons + self.accesses * synapses * self.word_bits / self.bits_per_cycle

    def events_per_second(self, clock_hz: float) -> float:
        """Return the most synaptic events a second, with no other work to do."""
        return clock_hz * self.bits_per_cycle / self.word_bits / self.accesses


def weight_blocks(board: Board) -> tuple[str, int]:
    """Return the memories that hold the weights of a board's default chip, and their most bits a cycle.

    The most is at the widest word that they can have. Deeper banks have narrower words.
    """
    placed = [each for each in place(board.config, board.part) if each.memory.component == _BANKS]
    if large := total_large(placed):
        return f"{large} SPRAM", large * max(bits for _, bits in SPRAM_SHAPES)
    blocks, widest = total_blocks(placed), max(bits for _, bits in board.family.bram_shapes)
    return f"{blocks:g} {board.family.bram_name}", round(blocks * board.family.bram_pieces * widest)
