"""Progress of a build: what the output of Yosys and nextpnr says about how far they are."""

from __future__ import annotations

import re
from collections.abc import Callable

Say = Callable[[str], object]

_PASS = re.compile(r"([\d.]+)\. Executing ([A-Z]\w+) pass")
#: Lines of nextpnr by what they tell, with the numbers that are shown. Which lines come depends on family and router.
_LINES = (
    (re.compile(r"Info: Packing (\w.*?)\.\."), "packing: {}"),
    (re.compile(r"Info: +at initial placer iter (\d+), wirelen = (\d+)"), "placing: start {}, wirelength {}"),
    (re.compile(r"Info: +at iteration #(\d+), .*legal = (\d+)"), "placing: iteration {}, wirelength {}"),
    (re.compile(r"Info: +at iteration #(\d+): .*wirelen = (\d+)"), "placing: refinement {}, wirelength {}"),
    (re.compile(r"Info: Routing (\d+) arcs"), "routing: {} arcs"),
    (re.compile(r"Info: +\d+ \|(?: +\d+){2} \|(?: +\d+){2} \| +(\d+)\|"), "routing: {} arcs left"),
    (re.compile(r"Info: +iter=(\d+) wires=\d+ overused=(\d+)"), "routing: iteration {}, {} wires in conflict"),
)


def quiet(_: str) -> None:
    """Take a line of progress and show it nowhere."""


def heard(program: str, say: Say) -> Say:
    """Return what takes the output of a program line by line, and tells `say` the progress that is in it.

    Lines that tell none, and those of programs that are done within seconds, are dropped.
    """
    if program == "yosys":
        tell = _of_yosys
    elif program.startswith("nextpnr"):
        tell = _of_nextpnr
    else:
        return quiet

    def take(line: str) -> None:
        if (progress := tell(line)) is not None:
            say(progress)

    return take


def _of_yosys(line: str) -> str | None:
    found = _PASS.match(line)
    return None if found is None else f"synthesising: pass {found[1]}, {found[2].lower()}"


def _of_nextpnr(line: str) -> str | None:
    for pattern, words in _LINES:
        if (found := pattern.match(line)) is not None:
            return words.format(*(f"{int(each):,}" if each.isdecimal() else each for each in found.groups()))
    return None
