"""Yosys commands of synthesis by family, for bitstreams and simulated netlists alike."""

from __future__ import annotations

from neurocorex.fpga.parts import Family

#: Options of `synth_*` beside the name of the top module; multipliers are inferred where a part has them.
_SYNTHESIS: dict[Family, str] = {
    Family.ICE40: "synth_ice40",
    Family.ECP5: "synth_ecp5",
    Family.GOWIN: "synth_gowin",
    Family.XC7: "synth_xilinx -family xc7 -flatten",
}


def preparation() -> list[str]:
    """Commands between reading the RTLIL that Amaranth writes and synthesis.

    The gates never read an item in the cycle in which it is written, which Amaranth has no way to express. Without
    this command Yosys adds logic to every memory whose block RAM does not return the old item in that case.
    """
    return ["setparam -set COLLISION_X_MASK 1'1 t:$memrd_v2"]


def synthesis(family: Family, top: str, *, multipliers: bool = True, single_port_ram: bool = False) -> str:
    """Command that synthesises for a family.

    Parameters
    ----------
    family : Family
        Target.
    top : str
        Name of the top module.
    multipliers, single_port_ram : bool
        Whether an iCE40 has the multipliers and memories of the UP5K.
    """
    words = [_SYNTHESIS[family], f"-top {top}"]
    if family is Family.ICE40:
        # Of ABC's scripts this one finds the fewest LUTs for these gates.
        words = ["scratchpad -copy abc9.script.flow2 abc9.script;", *words]
        words += ["-dsp"] * multipliers + ["-spram"] * single_port_ram
    return " ".join(words)
