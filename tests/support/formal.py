"""Proofs for all inputs, by the solver inside Yosys."""

from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Module, Signal
from neurocorex_hdl.synthesis.tools import run

#: Of all registers; they are never reset, and may begin with anything.
CLOCK = Signal(name="clk")


def unreset() -> Module:
    """Make a module with registers of `CLOCK`."""
    m = Module()
    m.domains.sync = domain = ClockDomain(reset_less=True)
    domain.clk = CLOCK
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
    # A clock that is no port would never tick, and what does not move is easily proven.
    ports = [wrong, *inputs, *[CLOCK] * (latency > 0)]
    (folder / "design.il").write_text(rtlil.convert(m, name="top", ports=ports, emit_src=False))
    induction = f"-tempinduct -seq {latency + 1} -maxsteps {latency + 3}" if latency else ""
    steps = ["read_rtlil design.il", "hierarchy -top top", "proc", "flatten", "opt -full"]
    steps.append(f"sat -verify {induction} -prove {wrong.name} 0 top")
    run("yosys", ["-p", "; ".join(steps)], folder, log="proof.log")
