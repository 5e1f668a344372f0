"""Proofs for all inputs, by the solver inside Yosys."""

from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Module, Signal
from neurocorex_hdl.tools import run


def unreset() -> Module:
    """Make a module whose registers are never reset: they may begin with anything."""
    m = Module()
    m.domains.sync = ClockDomain(reset_less=True)
    return m


def prove(m: Module, wrong: Signal, inputs: list[Signal], folder: Path, *, latency: int = 0) -> None:
    """Prove that `wrong` is never 1, whatever the inputs do; a ToolError tells if it can be.

    Parameters
    ----------
    m : Module
        From `unreset`.
    wrong : Signal
        One bit, which the module drives.
    inputs : list of Signal
        What can be anything in every cycle.
    folder : Path
        Where to work.
    latency : int
        Cycles through all registers: for so long after the beginning `wrong` may be 1.
    """
    (folder / "design.il").write_text(rtlil.convert(m, name="top", ports=[wrong, *inputs], emit_src=False))
    induction = f"-tempinduct -seq {latency + 1} -maxsteps {latency + 3}" if latency else ""
    steps = ["read_rtlil design.il", "hierarchy -top top", "proc", "flatten", "opt -full"]
    steps.append(f"sat -verify {induction} -prove {wrong.name} 0 top")
    run("yosys", ["-p", "; ".join(steps)], folder, log="proof.log")
