"""Negotiation: a port goes to the fastest rate that holds, and to slower ones when it does damage; no bit changes."""

from __future__ import annotations

import random
import re
import warnings
from itertools import pairwise
from pathlib import Path

import neurocorex as ncx
import pytest
from neurocorex.device.device import Device
from neurocorex.device.wired import WiredChip
from neurocorex.errors import DeviceWarning, FileFormatError, InputError
from neurocorex.spec import ChipInfo, CoreConfig
from neurocorex.spec.protocol import DIVISOR_MIN
from neurocorex.wire import remembered
from neurocorex.wire.bridges import fastest
from neurocorex.wire.negotiation import CLOSE, candidates
from neurocorex.wire.ports import Port
from support.devices import assert_same, emulated
from support.fakes import SMALL, busy_image, random_spikes
from support.ratedlines import LimitedBridge, run_of

#: Rates of a chip of 48 MHz, down to the one after reset.
ALL = [12_000_000, 8_000_000, 6_000_000, 4_000_000, 3_000_000, 2_500_000, 2_000_000, 1_500_000, 1_000_000]
IMAGE, SPIKES = busy_image(), random_spikes(60, SMALL.inputs)
LONG = random_spikes(1500, SMALL.inputs, seed=1)


@pytest.fixture(scope="module")
def reference() -> ncx.Result:
    return run_of(emulated(), IMAGE, SPIKES)


def chip(clock_hz: int, baud: int = 1_000_000) -> ChipInfo:
    return ChipInfo(config=CoreConfig(), clock_hz=clock_hz, baud=baud, build_id=0)


# Which rates ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mhz", "bauds"),
    [
        (12, [3_000_000, 2_000_000, 1_500_000]),
        (25, [5_000_000, 2_500_000]),
        (48, [12_000_000, 8_000_000, 6_000_000, 4_000_000, 3_000_000, 2_500_000, 2_000_000, 1_500_000]),
        (50, [10_000_000, 5_000_000, 2_500_000, 2_000_000, 1_500_000]),
        (4, []),
    ],
)
def test_rates_are_those_that_the_clock_makes(mhz: int, bauds: list[int]) -> None:
    assert [step.baud for step in candidates(chip(mhz * 1_000_000), 12_000_000)] == bauds


def test_every_rate_is_made_closely_is_above_the_one_after_reset_and_within_the_limit() -> None:
    draws = random.Random(1)
    for _ in range(200):
        info, limit = chip(draws.randrange(4_000_000, 150_000_000)), draws.randrange(1_000_000, 13_000_000)
        steps = candidates(info, limit)
        assert steps == sorted(steps, reverse=True)
        for baud, divisor in steps:
            assert divisor >= DIVISOR_MIN
            assert info.baud < baud <= limit
            assert abs(info.clock_hz / divisor - baud) <= CLOSE * baud


def test_software_has_no_rates() -> None:
    assert candidates(chip(0, 0)) == []


@pytest.mark.parametrize(
    ("port", "baud"),
    [
        (Port("/dev/ttyUSB0", vid=0x0403, pid=0x6015), 3_000_000),
        (Port("/dev/ttyUSB0", vid=0x0403, pid=0x6010, manufacturer="Digilent"), 12_000_000),
        (Port("/dev/ttyUSB0", vid=0x0403, pid=0x6010, manufacturer="SIPEED"), 2_000_000),
        (Port("/dev/ttyUSB0", vid=0x1A86, pid=0x7523), 2_000_000),
        (Port("/dev/ttyACM0", vid=0xFFFF, pid=1), 3_000_000),
        (None, 3_000_000),
    ],
)
def test_limit_of_the_bridge_is_known_by_its_ids(port: Port | None, baud: int) -> None:
    assert fastest(port) == baud


# When it is opened ------------------------------------------------------------------------------


@pytest.mark.parametrize("breaks", [True, False], ids=["break", "no break"])
@pytest.mark.parametrize(
    ("limit", "baud"),
    [(99_000_000, 12_000_000), (5_000_000, 4_000_000), (2_000_000, 2_000_000), (1_000_000, 1_000_000)],
)
def test_fastest_rate_that_holds_is_found(limit: int, baud: int, breaks: bool, reference: ncx.Result) -> None:
    line = LimitedBridge(limit, breaks=breaks)
    with line.device() as device:
        assert_same(run_of(device, IMAGE, SPIKES), reference)
        assert line.baud == line.chip_baud == device.link.rate == baud
    assert line.chip_baud == 1_000_000


def test_limit_of_the_bridge_is_respected() -> None:
    line = LimitedBridge(99_000_000, fastest=3_000_000)
    with line.device() as device:
        assert device.info.baud == 1_000_000
        assert line.baud == 3_000_000
    assert max(line.asked) == 3_000_000


def test_rate_that_is_not_heard_at_all_is_left() -> None:
    line = LimitedBridge(3_000_000, every=1, breaks=False)
    with line.device() as device:
        assert device.info.baud == 1_000_000
        assert line.baud == line.chip_baud == 3_000_000


def test_opening_moves_less_than_half_a_second_of_bytes() -> None:
    for limit in (99_000_000, 3_000_000, 1_000_000):
        with LimitedBridge(limit).device() as device:
            told = device.link.traffic
        assert 10 * (told.bytes_to_chip + told.bytes_from_chip) < 0.5 * 1_000_000


@pytest.mark.parametrize("baud", [1_000_000, 3_000_000])
def test_pinned_rate_is_kept_whatever_it_damages(baud: int) -> None:
    line = LimitedBridge(2_000_000, every=2000)
    with Device(WiredChip(line, baud=baud, timeout_s=0.05)) as device:
        device.load(IMAGE)
        device.run(spikes=LONG)
        assert line.baud == line.chip_baud == baud


def test_rate_after_reset_is_kept_on_request() -> None:
    with ncx.open("faulty:emulator?limit=9000000", baud="reset", config=SMALL) as device:
        assert device.link.rate == 1_000_000
    with ncx.open("faulty:emulator?limit=9000000", config=SMALL) as device:
        assert device.link.rate == 8_000_000


@pytest.mark.parametrize("baud", ["fast", 0, True, 2.5])
def test_what_is_no_rate_is_refused(baud: object) -> None:
    with pytest.raises(InputError, match=f"in bits per second .* or 'reset'; got {re.escape(repr(baud))}"):
        ncx.open("emulator", baud=baud)  # type: ignore[arg-type]


# While it runs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [200, 64, 12], ids=["some damage", "much damage", "hardly anything gets through"])
@pytest.mark.parametrize("breaks", [True, False], ids=["break", "no break"])
def test_damage_leads_to_a_slower_rate_in_the_middle_of_a_run(every: int, breaks: bool) -> None:
    expected = run_of(emulated(), IMAGE, LONG)
    line = LimitedBridge(99_000_000, every=every, breaks=breaks)
    with line.device() as device:
        device.load(IMAGE)
        assert line.baud == 12_000_000
        line.limit = 5_000_000
        with pytest.warns(DeviceWarning, match=r"lost frames at .* baud and goes on at \d+; nothing else is lost"):
            result = device.run(spikes=LONG, record=("spikes", "v"))
        assert_same(result, expected)
        assert line.baud == line.chip_baud <= 5_000_000
        assert device.link.session


def test_rate_after_reset_is_the_last_resort() -> None:
    line = LimitedBridge(99_000_000, every=100)
    with line.device() as device:
        device.load(IMAGE)
        line.limit = 0
        line.every = 500
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for _ in range(20):
                device.run(spikes=SPIKES, record=("spikes", "v"))
        assert line.baud == line.chip_baud == 1_000_000
        assert [str(each.message).split(";")[0] for each in told] == [
            f"/dev/ttyUSB1 lost frames at {one} baud and goes on at {other}" for one, other in pairwise(ALL)
        ]


def test_a_little_damage_is_repaired_and_the_rate_stays() -> None:
    line = LimitedBridge(99_000_000, every=20_000)
    with line.device() as device:
        device.load(IMAGE)
        line.limit = 0
        device.run(spikes=LONG, record=("spikes", "v"))
        assert device.link.damaged
        assert line.baud == 12_000_000


@pytest.mark.parametrize("seed", range(12))
def test_rate_that_holds_is_found_under_random_limits_and_damage(seed: int, reference: ncx.Result) -> None:
    draws = random.Random(seed)
    limit = draws.choice([1_000_000, 1_700_000, 2_000_000, 3_500_000, 6_000_000, 20_000_000])
    rates = "&".join(
        f"{kind}={draws.choice([0, 0, 0.01, 0.03])}" for kind in ("loss", "corrupt", "duplicate", "insert")
    )
    with ncx.open(f"faulty:emulator?limit={limit}&{rates}&seed={seed}", config=SMALL) as device:
        assert_same(run_of(device, IMAGE, SPIKES), reference)
        assert 1_000_000 <= device.link.rate <= limit


def test_chip_that_was_reset_at_a_fast_rate_is_noticed() -> None:
    line = LimitedBridge(99_000_000)
    with line.device() as device:
        device.load(IMAGE)
        line._chip = type(line._chip)(SMALL, clock_hz=48_000_000, baud=1_000_000)
        line.chip_baud = 1_000_000
        with pytest.raises(ncx.errors.StateLostError, match="was reset"):
            device.run(spikes=SPIKES)
        device.load(IMAGE)
        assert line.baud == line.chip_baud == 12_000_000


# From one opening to the next -------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def placed(limit: int, place: str = "usb 0403:6010 A1 1.1") -> LimitedBridge:
    line = LimitedBridge(limit)
    line.place = place
    return line


def opened(line: LimitedBridge) -> int:
    """Open and close a device; return the rate that it had."""
    with line.device() as device:
        return device.link.rate


def test_remembered_rate_is_the_first_that_is_tried(cache: Path) -> None:
    assert opened(placed(4_000_000)) == 4_000_000
    again = placed(99_000_000)
    assert opened(again) == 4_000_000
    assert max(again.asked) == 4_000_000
    assert opened(placed(99_000_000, "usb 0403:6010 B2 1.1")) == 12_000_000


def test_remembered_rate_that_fails_is_forgotten(cache: Path) -> None:
    assert opened(placed(4_000_000)) == 4_000_000
    assert opened(placed(2_000_000)) == 2_000_000
    assert remembered.recall("usb 0403:6010 A1 1.1") == 2_000_000


def test_remembered_rate_lasts_a_week(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered.remember("here", 2_000_000)
    now = remembered.time.time()
    for days, baud in ((6, 2_000_000), (8, None), (-1, None)):
        monkeypatch.setattr(remembered.time, "time", lambda days=days: now + days * 86_400)
        assert remembered.recall("here") == baud


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": "neurocorex-rate"', b"\xff" * 5000])
def test_damaged_cache_is_no_error(cache: Path, content: bytes) -> None:
    opened(placed(4_000_000))
    (file,) = (cache / "neurocorex" / "rates").iterdir()
    file.write_bytes(content)
    with pytest.raises(FileFormatError):
        remembered.read(content, "usb 0403:6010 A1 1.1")
    assert opened(placed(99_000_000)) == 12_000_000


def test_cache_that_cannot_be_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert opened(placed(4_000_000)) == 4_000_000


def test_descent_is_remembered(cache: Path) -> None:
    line = placed(99_000_000)
    with line.device() as device:
        device.load(IMAGE)
        line.limit = 9_000_000
        with pytest.warns(DeviceWarning, match="goes on at"):
            device.run(spikes=LONG)
        held = device.link.rate
    assert opened(placed(99_000_000)) == held
