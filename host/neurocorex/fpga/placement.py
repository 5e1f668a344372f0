"""Memory placement: block RAM, LUTs, flip-flops or SPRAM for each memory of a chip.

Synthesis gets the same choice as an attribute, so the build matches the plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..spec.config import CoreConfig
from ..spec.memories import LUT_RAM_WORDS, Memory, banks, memories
from .parts import SPRAM_MASK, SPRAM_SHAPES, Family, Part

#: Words of the LUT memory of a family, and LUTs per bit of it. iCE40 has none: there a bit is a flip-flop and its share
#: of the multiplexer that reads it.
_LUT_RAM: dict[Family, tuple[int, float]] = {
    Family.ICE40: (1, 1.5),
    Family.ECP5: (16, 1.0),
    Family.GOWIN: (16, 1.0),
    Family.XC7: (32, 1.0),
}
#: Largest memory, in bits, that becomes flip-flops on iCE40, which has no LUT memory.
_REGISTER_BITS = 64


class Style(StrEnum):
    """Style of a memory, by the names of Yosys."""

    BLOCK = "block"
    LUT = "distributed"
    LOGIC = "logic"
    HUGE = "huge"


@dataclass(frozen=True, slots=True)
class Placed:
    """A memory and its place.

    Attributes
    ----------
    memory : Memory
        The memory, with its number of identical copies.
    style : Style
        Its style.
    blocks : float
        Block RAM of all copies; on 7-series a block has two halves.
    luts : int
        LUTs of all copies, estimated.
    large : int
        SPRAMs of all copies.
    """

    memory: Memory
    style: Style
    blocks: float = 0.0
    luts: int = 0
    large: int = 0


def blocks(memory: Memory, family: Family) -> float:
    """Return the block RAM of a memory, at the width that needs the fewest blocks."""
    mask = family.bram_mask
    width = memory.bits if len(memory.fields) == 1 else sum(-(-bits // mask) * mask for bits in memory.fields)
    pieces = min(-(-memory.words // words) * -(-width // bits) for words, bits in family.bram_shapes)
    return memory.count * pieces / family.bram_pieces


def large_blocks(memory: Memory) -> int:
    """Return the SPRAMs of a memory, at the width that needs the fewest."""
    width = sum(-(-bits // SPRAM_MASK) * SPRAM_MASK for bits in memory.fields)
    return memory.count * min(-(-memory.words // words) * -(-width // bits) for words, bits in SPRAM_SHAPES)


def lut_cost(memory: Memory, family: Family) -> int:
    """Return the LUTs of a memory, with the multiplexers between its pieces."""
    words, each = _LUT_RAM[family]
    deep = -(-memory.words // words)
    return int(memory.count * memory.bits * (deep * each + 0.7 * (deep - 1)))


def place(config: CoreConfig, part: Part) -> list[Placed]:
    """Return the place of every memory of a chip.

    Deep memories go to block RAM. While there is too little of it, the memory that frees a block for the fewest LUTs
    moves to LUTs. The weights stay in block RAM.
    """
    placed = [_placed(memory, part.family, _preferred(memory, part)) for memory in memories(config)]
    if part.family is Family.ICE40:
        return placed
    movable = filter(_movable, placed)
    for candidate in sorted(movable, key=lambda each: lut_cost(each.memory, part.family) / each.blocks):
        if total_blocks(placed) <= part.bram:
            break
        placed[placed.index(candidate)] = _placed(candidate.memory, part.family, Style.LUT)
    return placed


def weights_are_too_many(config: CoreConfig, part: Part) -> bool:
    """Return whether the weights alone take more than all memory of a part, which is known without the other memories.

    Banks that could move to LUTs do not count.
    """
    kinds = [(_placed(memory, part.family, _preferred(memory, part)), count) for memory, count in banks(config)]
    fixed = [(each, count) for each, count in kinds if not _movable(each)]
    used = sum(each.blocks * count for each, count in fixed), sum(each.large * count for each, count in fixed)
    return used[0] > part.bram or used[1] > part.spram


def _movable(placed: Placed) -> bool:
    return bool(placed.blocks) and placed.memory.count == 1 and placed.memory.words <= 512


def total_blocks(placed: Iterable[Placed]) -> float:
    """Return the block RAM of all memories together."""
    return sum(each.blocks for each in placed)


def total_large(placed: Iterable[Placed]) -> int:
    """Return the SPRAMs of all memories together."""
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
        return Placed(memory, style, large=large_blocks(memory))
    return Placed(memory, style, luts=lut_cost(memory, family))
