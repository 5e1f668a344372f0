"""PLLs of the FPGA families: settings that make an exact frequency within the data sheet, and the cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Any

from amaranth.hdl import Const, Elaboratable, Instance, Module, Signal
from amaranth.lib import io
from neurocorex.fpga.parts import Family

Settings = dict[str, Any]


def _ecp5(clock_in: int, clock_out: int) -> Iterator[Settings]:
    # Limits: "sysCLOCK PLL Timing" of the ECP5 data sheet. The oscillator runs best in the middle of its range.
    if not (8e6 <= clock_in <= 400e6 and 3.125e6 <= clock_out <= 400e6):
        return
    inside = sorted(
        (after for after in range(1, 129) if 400e6 <= clock_out * after <= 800e6),
        key=lambda after: abs(clock_out * after - 600e6),
    )
    compared = [reference for reference in range(1, 41) if clock_in / reference >= 10e6]
    common = {
        "p_CLKOP_ENABLE": "ENABLED", "p_CLKOP_FPHASE": 0, "p_FEEDBK_PATH": "CLKOP",
        "a_FREQUENCY_PIN_CLKI": f"{clock_in / 1e6:g}",
        "a_ICP_CURRENT": "12", "a_LPF_RESISTOR": "8", "a_MFG_ENABLE_FILTEROPAMP": "1", "a_MFG_GMCREF_SEL": "2",
    }  # fmt: skip
    # Edges of output and input together: the phase of an output is its divider less one.
    for reference, after, feedback in product(compared, inside[:1], range(1, 81)):
        if clock_in * feedback == clock_out * reference:
            yield common | {
                "p_CLKI_DIV": reference, "p_CLKFB_DIV": feedback, "p_CLKOP_DIV": after, "p_CLKOP_CPHASE": after - 1,
                "a_FREQUENCY_PIN_CLKOP": f"{clock_out / 1e6:g}",
            }  # fmt: skip
    # Where the clock itself is no multiple of a frequency that may be compared, the oscillator can be one: CLKOP is
    # the feedback alone, and CLKOS the clock.
    for reference, after, looped in product(compared, inside, range(1, 129)):
        if clock_in * looped == clock_out * after * reference:
            yield common | {
                "p_CLKI_DIV": reference, "p_CLKFB_DIV": 1, "p_CLKOP_DIV": looped, "p_CLKOP_CPHASE": looped - 1,
                "p_CLKOS_ENABLE": "ENABLED", "p_CLKOS_DIV": after, "p_CLKOS_CPHASE": after - 1, "p_CLKOS_FPHASE": 0,
                "a_FREQUENCY_PIN_CLKOP": f"{clock_in / reference / 1e6:g}",
                "a_FREQUENCY_PIN_CLKOS": f"{clock_out / 1e6:g}",
            }  # fmt: skip


def _ice40(clock_in: int, clock_out: int) -> Iterator[Settings]:
    # Limits: "sysCLOCK PLL Timing" of the iCE40 LP/HX and UltraPlus data sheets, which are equal.
    filters = ((17e6, 1), (26e6, 2), (44e6, 3), (66e6, 4), (101e6, 5), (134e6, 6))
    for reference, feedback, after in product(range(16), range(128), range(1, 7)):
        compared = clock_in / (reference + 1)
        if not (10e6 <= compared <= 133e6 and 533e6 <= compared * (feedback + 1) <= 1066e6):
            continue
        if clock_in * (feedback + 1) == clock_out * (reference + 1) << after and 16e6 <= clock_out <= 275e6:
            yield {
                "p_FEEDBACK_PATH": "SIMPLE", "p_DIVR": Const(reference, 4), "p_DIVF": Const(feedback, 7),
                "p_DIVQ": Const(after, 3),
                "p_FILTER_RANGE": Const(next(value for limit, value in filters if compared < limit), 3),
            }  # fmt: skip


def _gowin(clock_in: int, clock_out: int) -> Iterator[Settings]:
    # Limits: "PLL Switching Characteristic" of the data sheets, for GW1NR-9 C6/I5 (oscillator 400 to 1,200 MHz, output
    # 3.125 to 600) and GW2A(R)-18 C8/I7 (500 to 1,250, 3.90625 to 625) at once. What they share is wider than an
    # octave, so a divider of the output is always found.
    after = [divide for divide in (2, 4, 8, *range(16, 129, 16)) if 500e6 <= clock_out * divide <= 1200e6]
    for reference, feedback in product(range(1, 65), range(1, 65)):
        if (
            clock_in * feedback == clock_out * reference and after
            and clock_in / reference >= 3e6 and clock_in <= 400e6 and 4e6 <= clock_out <= 600e6
        ):  # fmt: skip
            yield {
                "p_FCLKIN": f"{clock_in / 1e6:g}", "p_IDIV_SEL": reference - 1, "p_FBDIV_SEL": feedback - 1,
                "p_ODIV_SEL": min(after, key=lambda divide: abs(clock_out * divide - 850e6)),
            }  # fmt: skip


def _xc7(clock_in: int, clock_out: int) -> Iterator[Settings]:
    # Limits: "MMCM Specification" of the Artix-7 data sheet, slowest parts. Multiplier and divider go in eighths, but
    # whole ones have less jitter.
    if not (10e6 <= clock_in <= 800e6 and 4.69e6 <= clock_out <= 800e6):
        return
    middle = sorted(range(16, 513), key=lambda eighths: abs(clock_in * eighths / 8 - 900e6))
    for step, reference, multiply in product((8, 1), range(1, 11), middle):
        inside, compared = clock_in * multiply / 8 / reference, clock_in / reference
        after, rest = divmod(clock_in * multiply, clock_out * reference)
        if (
            600e6 <= inside <= 1200e6 and 10e6 <= compared <= 450e6
            and rest == multiply % step == after % step == 0 and (after == 8 or 16 <= after <= 1024)
        ):  # fmt: skip
            yield {
                "p_CLKIN1_PERIOD": 1e9 / clock_in, "p_DIVCLK_DIVIDE": reference, "p_CLKFBOUT_MULT_F": multiply / 8,
                "p_CLKOUT0_DIVIDE_F": after / 8,
            }  # fmt: skip


_SETTINGS: dict[Family, Callable[[int, int], Iterable[Settings]]] = {
    Family.ECP5: _ecp5,
    Family.ICE40: _ice40,
    Family.GOWIN: _gowin,
    Family.XC7: _xc7,
}


def pll_settings(family: Family, clock_in: int, clock_out: int) -> Settings | None:
    """Parameters and attributes of a PLL that makes exactly `clock_out` of `clock_in`, both in Hz; or None."""
    return next(iter(_SETTINGS[family](clock_in, clock_out)), None)


class Pll(Elaboratable):
    """PLL between the port of an oscillator and a clock.

    Parameters
    ----------
    family : Family
        Family of the FPGA.
    port : port
        The oscillator's.
    settings : dict of str to Any
        Of `pll_settings`.

    Attributes
    ----------
    reset : Signal
        Asynchronous reset of the PLL, high while the button is pressed.
    clock, locked : Signal
        The clock, and whether it is good. Until then it may run at any rate, or not at all.
    """

    def __init__(self, family: Family, port: Any, settings: Settings) -> None:
        self._make = {
            Family.ECP5: self._ecp5, Family.ICE40: self._ice40, Family.GOWIN: self._gowin, Family.XC7: self._xc7,
        }[family]  # fmt: skip
        self._port = port
        self._settings = settings
        self.reset, self.clock, self.locked = Signal(), Signal(), Signal()

    def elaborate(self, platform: Any) -> Module:
        """Build the input buffer and the family's cell."""
        m = Module()
        m.submodules.pll = self._make(m, platform)
        return m

    def _buffered(self, m: Module) -> Signal:
        m.submodules.buffer = buffer = io.Buffer("i", self._port)
        return buffer.i

    def _ecp5(self, m: Module, platform: Any) -> Instance:
        feedback = Signal() if "p_CLKOS_DIV" in self._settings else self.clock
        outputs = {"o_CLKOP": feedback}
        if feedback is not self.clock:
            outputs |= {"o_CLKOS": self.clock, "i_ENCLKOS": Const(1)}
        return Instance(
            "EHXPLLL", **self._settings, **outputs, i_CLKI=self._buffered(m), i_CLKFB=feedback, i_RST=Const(0),
            i_STDBY=Const(0), i_ENCLKOP=Const(1), o_LOCK=self.locked,
        )  # fmt: skip

    def _ice40(self, m: Module, platform: Any) -> Instance:
        if platform.clock_at_pll:
            kind, given = "SB_PLL40_PAD", {"i_PACKAGEPIN": self._port.io}
        else:
            kind, given = "SB_PLL40_CORE", {"i_REFERENCECLK": self._buffered(m)}
        return Instance(
            kind, **self._settings, **given, i_RESETB=Const(1), i_BYPASS=Const(0), o_PLLOUTGLOBAL=self.clock,
            o_LOCK=self.locked,
        )  # fmt: skip

    def _gowin(self, m: Module, platform: Any) -> Instance:
        unused = {f"i_{name}": Const(0, bits) for name, bits in _GOWIN_UNUSED.items()}
        return Instance(
            "rPLL", p_DEVICE=platform.family, **self._settings, i_CLKIN=self._buffered(m), **unused,
            o_CLKOUT=self.clock, o_LOCK=self.locked,
        )  # fmt: skip

    def _xc7(self, m: Module, platform: Any) -> Instance:
        feedback, made = Signal(), Signal()
        m.submodules.tree = Instance("BUFG", i_I=made, o_O=self.clock)
        # An MMCM that has lost its clock does not lock again without a reset.
        return Instance(
            "MMCME2_BASE", **self._settings, i_CLKIN1=self._buffered(m), i_CLKFBIN=feedback, o_CLKFBOUT=feedback,
            i_RST=self.reset, i_PWRDWN=Const(0), o_CLKOUT0=made, o_LOCKED=self.locked,
        )  # fmt: skip


#: Inputs of Gowin's PLL that are not used, with their bits: resets, external feedback, and dividers set by signals.
_GOWIN_UNUSED = {
    "RESET": 1, "RESET_P": 1, "CLKFB": 1, "FBDSEL": 6, "IDSEL": 6, "ODSEL": 6, "PSDA": 4, "DUTYDA": 4, "FDLY": 4,
}  # fmt: skip
