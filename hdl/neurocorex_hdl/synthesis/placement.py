"""Placement of memories: writes into RTLIL whether each becomes block RAM, LUTs or large RAM."""

from __future__ import annotations

import re

from neurocorex.fpga.placement import Placed, Style

#: In RTLIL: a module, a memory with its style if it has one, or the initial content of a memory.
_PLACES = re.compile(
    r"^module \\(?P<module>\S+)\n"
    r'|^(?:  attribute \\ram_style "\w+"\n)?(?P<line>  memory width \d+ size \d+ \\(?P<memory>\S+)\n)'
    r'|^  cell \$meminit_v2 \S+\n    parameter \\MEMID "\\\\(?P<begins>\S+)"\n(?:    .*\n)*  end\n',
    re.MULTILINE,
)
#: Amaranth's suffix to a name that occurs more than once.
_TWIN = re.compile(r"\$\d+")


def place_memories(rtlil: str, chip: str, placed: list[Placed]) -> str:
    """Return RTLIL in which every memory has its style.

    The initial content of large single-port memories is undefined, and no memory with a defined one fits them. So the
    initial content that Amaranth writes is taken away; the chip clears them itself.

    Parameters
    ----------
    rtlil : str
        As Amaranth writes it.
    chip : str
        Name of the module below which the components are that `placed` names.
    placed : list of Placed
        From `neurocorex.fpga.placement.place`.

    Raises
    ------
    LookupError
        For a memory that is not among them: `neurocorex.spec.memories` does not describe these gates.
    """
    styles = {(each.memory.component, each.memory.name): each.style for each in placed}
    component = ""

    def restyle(found: re.Match[str]) -> str:
        nonlocal component
        if found["module"]:
            component = _TWIN.sub("", found["module"]).removeprefix(f"{chip}.")
            return found[0]
        name = found["memory"] or found["begins"]
        style = styles.get((component, name)) or styles.get((component, name.rstrip("0123456789")))
        if style is None:
            raise LookupError(f"neurocorex.spec.memories does not know the memory {name!r} of {component!r}")
        if found["begins"]:
            return "" if style is Style.HUGE else found[0]
        return f'  attribute \\ram_style "{style}"\n{found["line"]}'

    return _PLACES.sub(restyle, rtlil)
