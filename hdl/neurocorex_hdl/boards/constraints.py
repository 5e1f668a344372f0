"""Pin files of all boards: python -m neurocorex_hdl.boards.constraints FOLDER."""

import sys
from pathlib import Path

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from neurocorex.files import write_text
from neurocorex.fpga.boards import BOARDS, Board

from .flow import CONSTRAINTS, TOP, prepare


class Echo(wiring.Component):
    """Stand-in with the ports of a chip, quick to build: the pins of a board are the same for every chip."""

    rx: In(1)
    tx: Out(1, init=1)
    heartbeat: Out(1)
    activity: Out(1)
    error: Out(1)

    def elaborate(self, platform: object) -> Module:
        """Build the wire, with registers, so that the clock has something to do."""
        m = Module()
        held = Signal(init=1)
        m.d.sync += [held.eq(self.rx), self.tx.eq(held)]
        return m


def constraints(board: Board) -> str:
    """Text of the pin file of a board, in the format of its family."""
    lines = prepare(board, Echo(), board.clock_hz)[f"{TOP}.{CONSTRAINTS[board.family]}"].splitlines()
    kept = [line.rstrip() for line in lines if "placeholder" not in line and "generated" not in line]
    return "\n".join(line.strip() for line in kept if line) + "\n"


def file_name(board: Board) -> str:
    """Name of the pin file of a board in a folder for all of them."""
    return f"{board.name}.{CONSTRAINTS[board.family]}"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    for each in BOARDS.values():
        write_text(folder / file_name(each), constraints(each))
