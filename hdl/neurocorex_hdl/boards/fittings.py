"""Fittings of a board: the LEDs, the button and the other pins that a chip uses, beside its Amaranth platform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from amaranth.back import rtlil
from amaranth.build import Resource

#: A pin: name and number of its resource, and its part of it, if it is one of several.
Place = tuple[str, int] | tuple[str, int, str]


class Fittings:
    """LEDs and button that a chip uses on a board; mixed into its Amaranth platform.

    Attributes
    ----------
    leds : dict of str to Place
        LEDs for `heartbeat`, `activity` and `error`; by default the first three of a row. The heartbeat LED shows
        what has no LED of its own: it flickers with activity, and stays on while there is an error.
    current_sources : bool
        Whether these LEDs have no resistors and hang on the current sources of a UP5K, in the order of `leds`.
    button : Place or None
        Button that resets the chip.
    held : tuple of Place
        Pins to drive high for as long as the chip runs.
    clock_at_pll : bool
        Whether the clock comes in at the pin of an iCE40's PLL, which then takes it before the buffer.
    rtlil : str
        The design, once it has been prepared.
    """

    leds: dict[str, Place] = {"heartbeat": ("led", 0), "activity": ("led", 1), "error": ("led", 2)}
    current_sources = False
    button: Place | None = None
    held: tuple[Place, ...] = ()
    clock_at_pll = False
    rtlil: str

    def toolchain_prepare(self, fragment: Any, name: str, **overrides: Any) -> Any:
        """Keep the RTLIL, which is not among the files of every toolchain."""
        self.rtlil, _ = rtlil.convert_fragment(fragment, name=name, emit_src=False, propagate_domains=False)
        return super().toolchain_prepare(fragment, name, **overrides)


def corrected(resources: Iterable[Resource], *others: Resource) -> list[Resource]:
    """Return the resources of a board, with `others` in place of those that they share name and number with."""
    known = {(each.name, each.number): each for each in (*resources, *others)}
    return list(known.values())
