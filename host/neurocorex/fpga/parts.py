"""FPGA families and parts: tools and block-RAM shapes of a family; LUTs, block RAM and multipliers of a part."""

from __future__ import annotations

from dataclasses import dataclass, replace
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


#: Words and bits of an SPRAM, the large single-port memory of the UP5K. Its write enables are for four bits each, so
#: Yosys puts two or four narrow words into one of its own.
SPRAM_SHAPES = ((16384, 16), (32768, 8), (65536, 4))
#: Bits of a word of SPRAM that share one write enable.
SPRAM_MASK = 4


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
        Large single-port memories, see `SPRAM_SHAPES`.
    idcode : int
        What it answers over JTAG, and what its bitstreams are made for; without the revision on 7-series. 0 for iCE40,
        which has no JTAG.
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
#: The die of the 25F. Open tools use all of it; it only answers with another IDCODE.
ECP5_12F = replace(ECP5_25F, name="LFE5U-12F-6BG381C", idcode=0x21111043)
ECP5_25F_256 = replace(ECP5_25F, name="LFE5U-25F-6BG256C")
ECP5_25F_285 = replace(ECP5_25F, name="LFE5U-25F-8MG285C")
ECP5_45F = Part(name="LFE5U-45F-6BG381C", family=Family.ECP5, lut=43848, ff=43848, bram=108, dsp=72, idcode=0x41112043)
ECP5_85F = Part(name="LFE5U-85F-6BG381C", family=Family.ECP5, lut=83640, ff=83640, bram=208, dsp=156, idcode=0x41113043)
GW1NR_9 = Part(name="GW1NR-LV9QN88PC6/I5", family=Family.GOWIN, lut=8640, ff=6480, bram=26, dsp=20, idcode=0x1100481B)
GW2AR_18 = Part(
    name="GW2AR-LV18QN88C8/I7", family=Family.GOWIN, lut=20736, ff=15552, bram=46, dsp=48, idcode=0x0000081B
)
GW2A_18 = replace(GW2AR_18, name="GW2A-LV18PG256C8/I7")
XC7A35T_CPG236 = Part(
    name="xc7a35tcpg236-1", family=Family.XC7, lut=20800, ff=41600, bram=50, dsp=90, idcode=0x0362D093
)
XC7A35T_CSG324 = replace(XC7A35T_CPG236, name="xc7a35ticsg324-1L")
XC7A100T_CSG324 = Part(
    name="xc7a100tcsg324-1", family=Family.XC7, lut=63400, ff=126800, bram=135, dsp=240, idcode=0x03631093
)
