"""Settings of PLLs: exact, within the data sheets, and for Gowin read back from the bitstream."""

from math import ceil, floor

import pytest
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.parts import Family
from neurocorex_hdl.boards.constraints import Echo
from neurocorex_hdl.boards.flow import TOP, Order, build, prepare
from neurocorex_hdl.boards.pll import pll_settings

#: Ranges in MHz: input, phase detector, oscillator, output. For Gowin what GW1NR-9 and GW2A-18 have in common.
RANGES = {
    Family.ECP5: ((8, 400), (10, 400), (400, 800), (3.125, 400)),
    Family.ICE40: ((10, 133), (10, 133), (533, 1066), (16, 275)),
    Family.GOWIN: ((3, 400), (3, 400), (500, 1200), (3.90625, 600)),
    Family.XC7: ((10, 800), (10, 450), (600, 1200), (4.69, 800)),
}
OSCILLATORS = sorted({(board.family, board.oscillator_hz) for board in BOARDS.values()})


def dividers(family: Family, settings: dict) -> tuple[float, float, float]:
    """Dividers of the reference, from the oscillator to the phase detector, and of the output."""
    value = settings.get
    if family is Family.ECP5:
        whole = value("p_CLKFB_DIV") * value("p_CLKOP_DIV")
        return value("p_CLKI_DIV"), whole, value("p_CLKOS_DIV", value("p_CLKOP_DIV"))
    if family is Family.ICE40:
        return value("p_DIVR").value + 1, value("p_DIVF").value + 1, 1 << value("p_DIVQ").value
    if family is Family.GOWIN:
        return value("p_IDIV_SEL") + 1, (value("p_FBDIV_SEL") + 1) * value("p_ODIV_SEL"), value("p_ODIV_SEL")
    return value("p_DIVCLK_DIVIDE"), value("p_CLKFBOUT_MULT_F"), value("p_CLKOUT0_DIVIDE_F")


@pytest.mark.parametrize(("family", "given"), OSCILLATORS)
def test_settings_are_exact_and_within_the_data_sheet(family, given) -> None:
    found = 0
    for wanted in range(1_000_000, 150_000_000, 500_000):
        settings = pll_settings(family, given, wanted)
        if settings is None:
            continue
        found += 1
        reference, whole, after = dividers(family, settings)
        detector, oscillator = given / reference, given * whole / reference
        assert oscillator / after == pytest.approx(wanted, rel=1e-12)
        for value, (low, high) in zip((given, detector, oscillator, wanted), RANGES[family], strict=True):
            assert low <= value / 1e6 <= high, (wanted, settings)
    assert found > 20


@pytest.mark.parametrize(
    ("family", "given", "wanted"),
    [
        (Family.GOWIN, 27, (13.5, 27, 40.5, 54, 67.5, 81, 108)),
        (Family.ICE40, 12, (18, 24, 36, 48, 60)),
        (Family.ECP5, 25, (40, 50, 60, 75, 80, 90, 100)),
        (Family.ECP5, 48, (12, 24, 60, 64, 80, 96)),
        (Family.XC7, 12, (12, 48, 60, 80, 96, 100)),
        (Family.XC7, 100, (50, 60, 80, 90, 96, 120)),
    ],
)
def test_usual_clocks_can_be_made(family, given, wanted) -> None:
    for mhz in wanted:
        assert pll_settings(family, given * 1_000_000, int(mhz * 1e6)), mhz


def test_gowin_makes_every_clock_that_its_dividers_can() -> None:
    low, high = RANGES[Family.GOWIN][3]
    for given in (27, 50):
        fractions = {(i, given * f / i) for i in range(1, given // 3 + 1) for f in range(1, 65)}
        made = {int(hz * 1e6) for i, hz in fractions if low <= hz <= high and float(hz * 1e6).is_integer()}
        # The oscillator's range is wider than the steps of the divider of the output.
        assert all(pll_settings(Family.GOWIN, given * 1_000_000, hz) for hz in made if ceil(low) <= floor(hz / 1e6))


@pytest.mark.parametrize(
    ("family", "given", "wanted"),
    [
        (Family.GOWIN, 27, 55), (Family.GOWIN, 27, 3), (Family.GOWIN, 27, 621), (Family.ICE40, 12, 12),
        (Family.ICE40, 12, 25), (Family.ICE40, 8, 24), (Family.ECP5, 25, 3), (Family.ECP5, 25, 77),
        (Family.ECP5, 4, 40), (Family.XC7, 100, 4), (Family.XC7, 8, 80),
    ],
)  # fmt: skip
def test_clocks_out_of_range_are_refused(family, given, wanted) -> None:
    assert pll_settings(family, given * 1_000_000, wanted * 1_000_000) is None


def fuses(device: str, bitstream) -> dict[str, int]:
    """Dividers of the only PLL in a bitstream of Gowin, as Apicula reads them from its fuses."""
    from importlib.resources import files

    from apycula import attrids, chipdb, gowin_unpack
    from apycula.bslib import read_bitstream

    known = chipdb.load_chipdb(files("apycula") / f"{device}.msgpack.xz")
    found = {}
    for place, tile in chipdb.tile_bitmap(known, read_bitstream(bitstream)[0]).items():
        table = known.shortval.get(known[place].ttyp, {}).get("PLL")
        if table:
            found |= gowin_unpack.parse_attrvals(tile, known.rev_logicinfo("PLL"), table, attrids.pll_attrids, "PLL")
    return {name: found.get(name) for name in ("IDIV", "FDIV", "ODIV")}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "mhz", "device", "feedback", "after"),
    [
        ("tang-nano-9k", 81, "GW1N-9C", 3, 8),
        pytest.param("tang-nano-20k", 54, "GW2A-18C", 2, 16, marks=pytest.mark.long),
    ],
)
def test_bitstream_of_gowin_has_the_dividers(name, mhz, device, feedback, after, tmp_path) -> None:
    board = BOARDS[name]
    order = Order(board=board, config=board.config, clock_hz=mhz * 1_000_000, baud=board.baud)
    build(order, tmp_path, lambda _: None, lambda order: prepare(board, Echo(), order.clock_hz))
    assert fuses(device, tmp_path / f"{TOP}.fs") == {"IDIV": 1, "FDIV": feedback, "ODIV": after}
