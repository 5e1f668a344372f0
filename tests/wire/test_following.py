"""A rate that does not hold: both ends are back at the one after reset, with or without a break; nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest
from neurocorex.check.doctor.rates import try_rates
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceWarning, NoAnswerError
from neurocorex.spec import Region
from neurocorex.spec.protocol import RETURN_S
from neurocorex.wire.link import Link
from support.fakes import busy_image
from support.lostrate import LosingTransport
from support.tap import CLEAR

#: Where the new rate fails.
FAILS = {
    "the chip does not hear it": {"hears": 2_000_000},
    "the chip is not heard": {"says": 2_000_000},
    "neither": {"hears": 2_000_000, "says": 2_000_000},
    "the port has no such rate": {"fastest": 2_000_000},
    "noise comes instead": {"hears": 2_000_000, "noise": b"\xff\x00\x07"},
}
#: Ticks of the slowest and fastest hearts, at either end of their interval.
HEARTS = [(0.5, 0.01), (0.5, 0.99), (0.7, 0.5), (0.999, 0.01), (0.999, 0.99)]


def linked(transport: LosingTransport) -> Link:
    link = Link(transport)
    link.patience.clock = link._line.clock = transport.clock
    return link


@pytest.mark.parametrize(("tick_s", "phase"), HEARTS)
@pytest.mark.parametrize("breaks", [True, False], ids=["break", "no break"])
@pytest.mark.parametrize("fails", FAILS)
def test_rate_that_fails_leaves_both_ends_at_the_old_one_in_the_same_session(
    fails: str, breaks: bool, tick_s: float, phase: float
) -> None:
    uart = LosingTransport(breaks=breaks, tick_s=tick_s, phase=phase, **FAILS[fails])
    link = linked(uart)
    link.call(*CLEAR)
    session = link.session
    assert not link.set_baud(4, 3_000_000)
    assert uart.baud == uart.chip_baud == 1_000_000
    assert uart.now < 1.5 + (0.5 if breaks else RETURN_S + 1.0)
    assert link.call(*CLEAR) == b""
    assert link.session == session


def test_chip_that_comes_from_another_rate_than_the_one_after_reset_is_met_there() -> None:
    uart = LosingTransport(hears=2_000_000)
    link = linked(uart)
    assert link.set_baud(6, 2_000_000)
    assert not link.set_baud(4, 3_000_000)
    assert uart.baud == uart.chip_baud == 1_000_000
    assert link.call(*CLEAR) == b""


def test_first_bytes_at_a_new_rate_may_be_spoilt() -> None:
    class Spoiling(LosingTransport):
        fresh = False

        def set_baud(self, baud: int) -> None:
            super().set_baud(baud)
            self.fresh = True

        def write(self, data: bytes) -> None:
            spoilt, self.fresh = self.fresh, False
            super().write(data[::-1] if spoilt else data)

    uart = Spoiling()
    link = linked(uart)
    assert link.set_baud(4, 3_000_000)
    uart.pass_time(60.0)
    assert link.call(*CLEAR) == b""
    assert uart.baud == uart.chip_baud == 3_000_000


@pytest.mark.parametrize("deadline_s", [0.3, 0.8, 1.4, 2.2])
def test_deadline_ends_the_waiting_and_the_next_call_goes_on(deadline_s: float) -> None:
    uart = LosingTransport(says=2_000_000)
    link = linked(uart)
    link.call(*CLEAR)
    link.patience.begin(deadline_s)
    with pytest.raises(NoAnswerError, match=f"longer than deadline_s={deadline_s}"):
        link.set_baud(4, 3_000_000)
    assert uart.now < deadline_s + 0.3
    link.patience.begin()
    assert link.call(*CLEAR) == b""
    assert uart.baud == uart.chip_baud == 1_000_000


def test_device_goes_on_at_the_rate_after_reset_with_what_it_holds() -> None:
    uart = LosingTransport(hears=2_000_000)
    chip = WiredChip(uart, baud=3_000_000)
    chip.patience.clock = chip._link._line.clock = uart.clock
    with Device(chip) as device:
        with pytest.warns(DeviceWarning, match="was not heard at 3000000 baud and stays at 1000000"):
            device.load(busy_image())
        held = device.read(Region.WEIGHTS)
        assert device.link.set_baud(4, 3_000_000) is False
        np.testing.assert_array_equal(device.read(Region.WEIGHTS), held)
    assert uart.chip_baud == 1_000_000


def test_rate_that_the_deadline_cut_off_is_asked_for_again() -> None:
    uart = LosingTransport(hears=2_000_000)
    chip = WiredChip(uart, baud=3_000_000)
    chip.patience.clock = chip._link._line.clock = uart.clock
    chip.patience.begin(1.4)
    with pytest.raises(NoAnswerError, match="longer than deadline_s"):
        chip.info  # noqa: B018
    chip.patience.begin()
    with pytest.warns(DeviceWarning, match="was not heard at 3000000 baud and stays at 1000000"):
        assert chip.info.baud == 1_000_000
    assert uart.baud == uart.chip_baud == 1_000_000


@pytest.mark.parametrize("fails", FAILS)
@pytest.mark.parametrize("breaks", [True, False], ids=["break", "no break"])
def test_doctor_tries_all_rates_on_a_line_without_a_break(fails: str, breaks: bool) -> None:
    uart = LosingTransport(breaks=breaks, **FAILS[fails])
    chip = WiredChip(uart)
    chip.patience.clock = chip._link._line.clock = uart.clock
    with Device(chip) as device:
        device.load(busy_image())
        held = device.read(Region.WEIGHTS)
        found = {rate.baud: rate.holds for rate in try_rates(device.link, device.info)}
        assert [baud for baud, holds in found.items() if not holds] == [3_000_000]
        assert uart.baud == uart.chip_baud == 1_000_000
        np.testing.assert_array_equal(device.read(Region.WEIGHTS), held)
