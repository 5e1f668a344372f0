"""Rates at which a chip is looked for: it is found wherever it is, and the user is told why it was there."""

import re
import termios
from fractions import Fraction

import neurocorex as ncx
import pytest
from neurocorex.check.doctor.rates import BAUDS
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceWarning, NoAnswerError
from neurocorex.spec.protocol import DEFAULT_BAUD
from neurocorex.wire import hello
from neurocorex.wire.link import Link
from support.bridges import Bridge, RatedTerminal
from support.fakes import UartTransport
from support.tap import CLEAR

BUILT = (
    "/dev/ttyUSB1 answers at 115200 baud, not at 1000000: its bitstream was built with this rate; "
    "say baud=115200 (--baud 115200) if that is meant, or build it with 1000000"
)
LEFT = (
    "/dev/ttyUSB1 was found at 3000000 baud, where a session that did not end in order had left "
    "it; it is back at 1000000"
)
QUARTER = (
    "/dev/ttyUSB1 answers when a quarter of its rate is asked for: its USB bridge sets 4 times that, as firmware "
    "2024122312 of the BL616 on a Tang Nano 20K does; NeuroCoreX asks for a quarter now, and all rates work; update "
    "the firmware of the bridge to be rid of this"
)
FOURFOLD = "/dev/ttyUSB1 answers when 4 times its rate is asked for: its USB bridge sets a quarter; it works"
#: Situation, the bridge, what is told, and the rate of the port afterwards.
FOUND = {
    "built with another rate": (lambda: Bridge(built=115_200), BUILT, 115_200),
    "built with another rate, no break": (lambda: Bridge(built=115_200, breaks=False), BUILT, 115_200),
    "left by a session, no break": (lambda: Bridge(left=3_000_000, breaks=False), LEFT, 1_000_000),
    "four times the rate": (lambda: Bridge(factor=4), QUARTER, 250_000),
    "four times the rate, no break": (lambda: Bridge(factor=4, breaks=False), QUARTER, 250_000),
    "a quarter of the rate": (lambda: Bridge(factor=Fraction(1, 4)), FOURFOLD, 4_000_000),
}
#: The same, where nothing is worth telling.
SILENT = {
    "where it should be": (lambda: Bridge(), 1_000_000),
    "left by a session, with break": (lambda: Bridge(left=3_000_000), 1_000_000),
    "lost at a rate that nobody tries": (lambda: Bridge(left=666_667, breaks=False, returns_after=9), 1_000_000),
}


@pytest.mark.parametrize("situation", FOUND)
def test_chip_is_found_and_the_reason_told(situation: str) -> None:
    make, told, baud = FOUND[situation]
    bridge = make()
    with pytest.warns(DeviceWarning, match=f"^{re.escape(told)}$"), Device(WiredChip(bridge)) as device:
        assert device.info.baud == bridge.built
    assert bridge.baud == baud
    assert bridge.line_baud == bridge.chip_baud == bridge.built


@pytest.mark.parametrize("situation", SILENT)
def test_chip_is_found_and_nothing_is_worth_telling(situation: str) -> None:
    make, baud = SILENT[situation]
    bridge = make()
    with Device(WiredChip(bridge)) as device:
        assert device.info.baud == 1_000_000
    assert bridge.baud == baud


def test_rate_that_the_user_names_is_no_surprise() -> None:
    bridge = Bridge(built=115_200)
    with Device(WiredChip(bridge, baud=115_200)) as device:
        assert device.info.baud == 115_200
    assert bridge.baud == 115_200


@pytest.mark.parametrize("breaks", [True, False])
def test_all_rates_work_behind_a_bridge_that_multiplies_them(breaks: bool) -> None:
    bridge = Bridge(factor=4, breaks=breaks)
    with Device(WiredChip(bridge, baud=3_000_000)) as device:
        with pytest.warns(DeviceWarning, match="USB bridge"):
            assert device.info.baud == 1_000_000
        assert (bridge.baud, bridge.chip_baud) == (750_000, 3_000_000)
        device.link.hello()
        bridge.chip_baud = 1_000_000  # as after a reset
        device.link.hello()
        assert bridge.baud == 250_000


def test_chip_lost_in_the_middle_of_a_session_is_found_again() -> None:
    bridge = Bridge(breaks=False)
    link = Link(bridge)
    link.call(*CLEAR)
    bridge.chip_baud = 2_000_000
    link.hello()
    assert bridge.baud == 2_000_000


def test_first_attempts_are_as_before() -> None:
    tried = list(hello.attempts(1_000_000, [1_000_000, 3_000_000]))
    assert tried[:3] == [(1_000_000, False, None), (1_000_000, True, None), (3_000_000, True, None)]
    assert list(hello.attempts(0, [1_000_000])) == [(0, False, None)] + [(0, True, None)] * 4


def test_likely_rates_are_those_of_the_doctor_and_all_are_tried_twice() -> None:
    assert {*hello.LIKELY_BAUDS} <= {*BAUDS}
    hunted = [baud for baud, _, longest_s in hello.attempts(DEFAULT_BAUD, [DEFAULT_BAUD]) if longest_s is not None]
    assert {*hunted} == {*hello.LIKELY_BAUDS, 250_000, 4_000_000}
    assert all(hunted.count(baud) == 2 for baud in hunted)


def test_second_round_begins_when_a_chip_has_returned_by_itself_and_ends_within_ten_seconds() -> None:
    whole_s, break_s, returns_s = 0.54, 0.25, 3.0
    tried = list(hello.attempts(DEFAULT_BAUD, [DEFAULT_BAUD]))
    begins = [sum((longest_s or whole_s) + break_s * breaks for _, breaks, longest_s in tried[:n])
              for n in range(len(tried) + 1)]  # fmt: skip
    hunts = [number for number, (_, _, longest_s) in enumerate(tried) if longest_s is not None]
    assert begins[hunts[len(hunts) // 2]] > returns_s + 1.0
    assert begins[-1] < 10.0


class Clocked(Bridge):
    """A bridge without a chip, on which time passes only while somebody waits."""

    def __init__(self, text: bytes = b"") -> None:
        super().__init__(left=666_667, breaks=False)
        self.now, self._text = 0.0, text

    def read(self, timeout_s: float) -> bytes:
        self.now += 0.01 if self._text else timeout_s
        return self._text

    def send_break(self) -> None:
        self.now += 0.25


@pytest.mark.parametrize("text", [b"", b"$GPGGA,"], ids=["silence", "chatter"])
def test_time_until_nobody_answers_is_bounded(text: bytes) -> None:
    bridge = Clocked(text)
    link = Link(bridge)
    link.patience.clock = link._line.clock = lambda: bridge.now
    with pytest.raises(ncx.errors.DeviceError):
        link.hello()
    assert 3.0 < bridge.now < 12.0
    assert bridge.baud == DEFAULT_BAUD


class Late(Bridge):
    """A bridge whose chip answers in pieces, each after a time."""

    def __init__(self, piece: int, wait_s: float, *, has_rate: bool) -> None:
        super().__init__()
        self.now, self._piece, self._wait_s = 0.0, piece, wait_s
        if not has_rate:
            self.baud, self.chip_baud = 0, 0

    def read(self, timeout_s: float) -> bytes:
        data = bytes(self._answers[: self._piece])
        del self._answers[: self._piece]
        self.now += self._wait_s if data else timeout_s
        return data


@pytest.mark.parametrize(("piece", "has_rate"), [(99, True), (5, False)], ids=["in one piece", "simulated"])
def test_late_answer_counts(piece: int, has_rate: bool) -> None:
    bridge = Late(piece, 3.0, has_rate=has_rate)
    link = Link(bridge, timeout_s=5.0)
    link.patience.clock = link._line.clock = lambda: bridge.now
    link.hello()
    assert (len(bridge.asked), bridge.missed) == (1, 0)
    assert bridge.now < 3.0 * 6


def test_deadline_ends_the_search() -> None:
    bridge = Clocked()
    link = Link(bridge)
    link.patience.clock = link._line.clock = lambda: bridge.now
    link.patience.begin(2.0)
    with pytest.raises(NoAnswerError, match="took longer than deadline_s=2"):
        link.hello()
    assert bridge.now < 3.0
    assert bridge.baud == DEFAULT_BAUD


def test_rate_that_the_port_cannot_have_is_left_out() -> None:
    bridge = Bridge(built=115_200, breaks=False, fastest=1_000_000)
    with pytest.warns(DeviceWarning, match="built with this rate"), Device(WiredChip(bridge)) as device:
        assert device.info.baud == 115_200
    assert max(bridge.asked) == 1_000_000


def test_rate_that_does_not_hold_is_told_as_a_warning_of_the_library() -> None:
    told = "uart was not heard at 3000000 baud and stays at 1000000; try a lower rate"
    uart = UartTransport(fastest=2_000_000)
    with pytest.warns(DeviceWarning, match=told), Device(WiredChip(uart, baud=3_000_000)) as device:
        assert device.info.baud == 1_000_000


def test_chip_at_another_rate_is_found_through_a_port_of_the_system() -> None:
    with (
        RatedTerminal(termios.B115200, 115_200) as terminal,
        pytest.warns(DeviceWarning, match=f"{terminal.name} answers at 115200 baud"),
        ncx.open(terminal.name) as device,
    ):
        assert device.info.baud == 115_200
