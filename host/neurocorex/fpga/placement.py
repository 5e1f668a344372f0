"""What each memory of a chip is made of on an FPGA: block RAM, LUTs, or the large single-port RAM of the UP5K.

Synthesis is told, so that what is planned is what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..spec.config import CoreConfig
from ..spec.memories import LUT_RAM_WORDS, Memory, memories
from .parts import SPRAM_SHAPE, Family, Part

#: Words of the memory that LUTs of a family make, and the LUTs for each bit of it; where they make none, a flip-flop
#: and the multiplexer to read it.
_LUT_RAM: dict[Family, tuple[int, float]] = {
    Family.ICE40: (1, 1.5),
    Family.ECP5: (16, 1.0),
    Family.GOWIN: (16, 1.0),
    Family.XC7: (32, 1.0),
}
#: Bits up to which iCE40, which has no memory in LUTs, makes one of flip-flops.
_REGISTER_BITS = 64


class Style(StrEnum):
    """What a memory is made of, by Yosys' names for it."""

    BLOCK = "block"
    LUT = "distributed"
    LOGIC = "logic"
    HUGE = "huge"


@dataclass(frozen=True, slots=True)
class Placed:
    """A memory and where it goes.

    Attributes
    ----------
    memory : Memory
        Which one.
    style : Style
        What it is made of.
    blocks : float
        Block RAM for it, all that are alike together; on 7-series halves can be used.
    luts : int
        LUTs for it, estimated.
    large : int
        Large single-port memories for it.
    """

    memory: Memory
    style: Style
    blocks: float = 0.0
    luts: int = 0
    large: int = 0


def blocks(memory: Memory, family: Family) -> float:
    """Block RAM that a memory takes: in the width, of those that a block can have, that needs fewest."""
    mask = family.bram_mask
    width = memory.bits if len(memory.fields) == 1 else sum(-(-bits // mask) * mask for bits in memory.fields)
    pieces = min(-(-memory.words // words) * -(-width // bits) for words, bits in family.bram_shapes)
    return memory.count * pieces / family.bram_pieces


def lut_cost(memory: Memory, family: Family) -> int:
    """LUTs that a memory takes, with the multiplexers between pieces of it."""
    words, each = _LUT_RAM[family]
    deep = -(-memory.words // words)
    return int(memory.count * memory.bits * (deep * each + 0.7 * (deep - 1)))


def place(config: CoreConfig, part: Part) -> list[Placed]:
    """Find a place for every memory of a chip.

    What is deep goes to block RAM. If there is not enough of it, the memories go to LUTs that free a block for fewest
    of them, one by one, until there is; the weights stay.
    """
    placed = [_placed(memory, part.family, _preferred(memory, part)) for memory in memories(config)]
    if part.family is Family.ICE40:
        return placed
    movable = [each for each in placed if each.blocks and each.memory.count == 1 and each.memory.words <= 512]
    for candidate in sorted(movable, key=lambda each: lut_cost(each.memory, part.family) / each.blocks):
        if total_blocks(placed) <= part.bram:
            break
        placed[placed.index(candidate)] = _placed(candidate.memory, part.family, Style.LUT)
    return placed


def total_blocks(placed: Iterable[Placed]) -> float:
    """Block RAM of all memories together."""
    return sum(each.blocks for each in placed)


def total_large(placed: Iterable[Placed]) -> int:
    """Large single-port memories of all memories together."""
    return sum(each.large for each in placed)


def _preferred(memory: Memory, part: Part) -> Style:
    family = part.family
    if part.spram and memory.ports == 1:
        return Style.HUGE
    if family is Family.ICE40:
        return Style.LOGIC if memory.words * memory.bits <= _REGISTER_BITS else Style.BLOCK
    wide = memory.words <= LUT_RAM_WORDS and memory.bits > 2 * family.bram_shapes[0][1]
    few = memory.words <= 32 or memory.words * memory.bits <= 256
    return Style.LUT if wide or few else Style.BLOCK


def _placed(memory: Memory, family: Family, style: Style) -> Placed:
    if style is Style.BLOCK:
        return Placed(memory, style, blocks=blocks(memory, family))
    if style is Style.HUGE:
        words, bits = SPRAM_SHAPE
        return Placed(memory, style, large=memory.count * -(-memory.words // words) * -(-memory.bits // bits))
    return Placed(memory, style, luts=lut_cost(memory, family))
