"""Tells synthesis what each memory of a chip is to be made of."""

from __future__ import annotations

import re

from neurocorex.spec.placement import Placed

#: In RTLIL: a module, or a memory with its style, if it has one.
_PLACES = re.compile(
    r'^module \\(\S+)\n|^(?:  attribute \\ram_style "\w+"\n)?(  memory width \d+ size \d+ \\(\S+)\n)', re.M
)
#: What Amaranth adds to a name that others have, too.
_TWIN = re.compile(r"\$\d+")


def place_memories(rtlil: str, chip: str, placed: list[Placed]) -> str:
    """Return RTLIL in which every memory says what it is made of.

    Parameters
    ----------
    rtlil : str
        As Amaranth writes it.
    chip : str
        Name of the module below which the components are that `placed` names.
    placed : list of Placed
        From `neurocorex.spec.placement.place`.

    Raises
    ------
    LookupError
        For a memory that is not among them: `neurocorex.spec.memories` does not describe these gates.
    """
    styles = {(each.memory.component, each.memory.name): each.style for each in placed}
    component = ""

    def restyle(found: re.Match[str]) -> str:
        nonlocal component
        if found[1]:
            component = _TWIN.sub("", found[1]).removeprefix(f"{chip}.")
            return found[0]
        name = found[3]
        style = styles.get((component, name)) or styles.get((component, name.rstrip("0123456789")))
        if style is None:
            raise LookupError(f"neurocorex.spec.memories does not know the memory {name!r} of {component!r}")
        return f'  attribute \\ram_style "{style}"\n{found[2]}'

    return _PLACES.sub(restyle, rtlil)
