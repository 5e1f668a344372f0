"""FPGA families and parts: tools and block-RAM shapes of a family; LUTs, block RAM and multipliers of a part."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """FPGA family: tools and shapes of block RAM."""

    ICE40 = "ice40"
    ECP5 = "ecp5"
    GOWIN = "gowin"
    XC7 = "xc7"

    @property
    def routable(self) -> bool:
        """Whether open tools from PyPI place and route it; 7-series is only synthesised, and Vivado does the rest."""
        return self is not Family.XC7

    @property
    def bram_shapes(self) -> tuple[tuple[int, int], ...]:
        """Words and bits of a piece of block RAM with one read and one write port, for each possible width."""
        return _BRAM_SHAPES[self]

    @property
    def bram_mask(self) -> int:
        """Bits of a word that share one write enable."""
        return 1 if self is Family.ICE40 else 9

    @property
    def bram_pieces(self) -> int:
        """Pieces of a block that can be used separately."""
        return 2 if self is Family.XC7 else 1

    @property
    def bram_name(self) -> str:
        """Name of a block in the data sheet."""
        return {Family.ICE40: "EBR", Family.ECP5: "DP16KD", Family.GOWIN: "BSRAM", Family.XC7: "RAMB36"}[self]

    @property
    def tools(self) -> tuple[str, ...]:
        """Tools of a build in the order of use, by their names in `neurocorex_hdl.synthesis.tools`."""
        return {
            Family.ICE40: ("yosys", "nextpnr-ice40", "icepack"),
            Family.ECP5: ("yosys", "nextpnr-ecp5", "ecppack"),
            Family.GOWIN: ("yosys", "nextpnr-himbaechel-gowin", "gowin_pack"),
            Family.XC7: ("yosys", "vivado"),
        }[self]


# The ninth bit of each byte exists only in words of nine bits or more.
_KILOBITS_18 = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
_BRAM_SHAPES: dict[Family, tuple[tuple[int, int], ...]] = {
    Family.ICE40: ((256, 16), (512, 8), (1024, 4), (2048, 2)),
    Family.ECP5: _KILOBITS_18,
    Family.GOWIN: _KILOBITS_18,
    Family.XC7: _KILOBITS_18,
}


#: Words and bits of an SPRAM, the large single-port memory of the UP5K.
SPRAM_SHAPE = (16384, 16)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One FPGA and its resources.

    Attributes
    ----------
    name : str
        Ordering code of the maker.
    family : Family
        Its family.
    lut, ff : int
        LUTs (four inputs, on 7-series six) and flip-flops.
    bram : int
        Blocks of block RAM, see `Family.bram_shapes`.
    dsp : int
        Multipliers, 18 by 18 bits (16 by 16 on iCE40, 25 by 18 on 7-series).
    spram : int
        Large single-port memories, see `SPRAM_SHAPE`.
    idcode : int
        JTAG IDCODE; 0 for iCE40, which has none.
    """

    name: str
    family: Family
    lut: int
    ff: int
    bram: int
    dsp: int = 0
    spram: int = 0
    idcode: int = 0


UP5K = Part(name="iCE40UP5K-SG48", family=Family.ICE40, lut=5280, ff=5280, bram=30, dsp=8, spram=4)
HX8K = Part(name="iCE40HX8K-CT256", family=Family.ICE40, lut=7680, ff=7680, bram=32)
ECP5_25F = Part(name="LFE5U-25F-6BG381C", family=Family.ECP5, lut=24288, ff=24288, bram=56, dsp=28, idcode=0x41111043)
ECP5_25F_256 = Part(
    name="LFE5U-25F-6BG256C", family=Family.ECP5, lut=24288, ff=24288, bram=56, dsp=28, idcode=0x41111043
)
ECP5_85F = Part(name="LFE5U-85F-6BG381C", family=Family.ECP5, lut=83640, ff=83640, bram=208, dsp=156, idcode=0x41113043)
GW1NR_9 = Part(name="GW1NR-LV9QN88PC6/I5", family=Family.GOWIN, lut=8640, ff=6480, bram=26, dsp=20, idcode=0x1100481B)
GW2AR_18 = Part(
    name="GW2AR-LV18QN88C8/I7", family=Family.GOWIN, lut=20736, ff=15552, bram=46, dsp=48, idcode=0x0000081B
)
XC7A35T_CPG236 = Part(
    name="xc7a35tcpg236-1", family=Family.XC7, lut=20800, ff=41600, bram=50, dsp=90, idcode=0x0362D093
)
XC7A35T_CSG324 = Part(
    name="xc7a35ticsg324-1L", family=Family.XC7, lut=20800, ff=41600, bram=50, dsp=90, idcode=0x0362D093
)
