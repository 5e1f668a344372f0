"""Formal proofs of combinational and registered logic, for all inputs, by the solver inside Yosys."""

from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import ClockDomain, Module, Signal
from neurocorex_hdl.synthesis.tools import run

#: Clock of all registers. They are never reset, and may begin with any value.
CLOCK = Signal(name="clk")


def unreset() -> Module:
    """Make a module whose registers have the clock `CLOCK` and no reset."""
    m = Module()
    m.domains.sync = domain = ClockDomain(reset_less=True)
    domain.clk = CLOCK
    return m


def prove(m: Module, wrong: Signal, inputs: list[Signal], folder: Path, *, latency: int = 0) -> None:
    """Prove that `wrong` is never 1, whatever the inputs do; a ToolError says that it can be.

    Parameters
    ----------
    m : Module
        Module of `unreset`.
    wrong : Signal
        Signal of one bit that the module drives.
    inputs : list of Signal
        Signals that can have any value in every cycle.
    folder : Path
        Where to work.
    latency : int
        Cycles through all registers; during these first cycles `wrong` may be 1.
    """
    # A clock that is no port would never tick, and what does not move is easily proven.
    ports = [wrong, *inputs, *[CLOCK] * (latency > 0)]
    (folder / "design.il").write_text(rtlil.convert(m, name="top", ports=ports, emit_src=False))
    induction = f"-tempinduct -seq {latency + 1} -maxsteps {latency + 3}" if latency else ""
    steps = ["read_rtlil design.il", "hierarchy -top top", "proc", "flatten", "opt -full"]
    steps.append(f"sat -verify {induction} -prove {wrong.name} 0 top")
    run("yosys", ["-p", "; ".join(steps)], folder, log="proof.log")
