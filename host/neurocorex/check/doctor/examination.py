"""Examination of a device: round trips, memories and baud rates in one report with advice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from ...device.device import Device
from ...spec import ChipInfo
from ...wire import remembered
from ...wire.traffic import Traffic
from .latency import RoundTrip, advice, latency_timer
from .march import Fault, march, writable_regions
from .rates import Rate, try_rates

#: Round trips that are timed.
QUESTIONS = 100

Say = Callable[[str], None]


@dataclass(kw_only=True)
class Examination:
    """Report on a device.

    Attributes
    ----------
    name : str
        Its name, as in messages.
    info : ChipInfo
        Its description of itself.
    round_trip : RoundTrip
        At the rate at which it was found.
    latency_timer_ms : int or None
        Of its USB bridge, where the system knows it.
    rates : list of Rate
        Those that were tried; none where bytes have no rate, or if they were left out.
    regions, faults : list
        Names of the memories that were tested, and the faults that were found in them.
    damaged : int
        Frames damaged on the way, in both directions, at the rate at which it was found.
    traffic : Traffic
        All traffic at that rate, of the tests before the rates.
    advice : list of str
        Sentences that say what to do.
    """

    name: str
    info: ChipInfo
    round_trip: RoundTrip
    latency_timer_ms: int | None
    rates: list[Rate] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    damaged: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    advice: list[str] = field(default_factory=list)

    @property
    def fastest(self) -> int | None:
        """The highest rate that holds; None if none was tried or holds."""
        return max((rate.baud for rate in self.rates if rate.holds), default=None)

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong: a rate that does not hold is not, unless it is the one after reset."""
        at_reset = [rate.holds for rate in self.rates if rate.baud == self.info.baud]
        return not self.faults and not self.damaged and all(at_reset)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "device": self.name,
            "healthy": self.healthy,
            "config": self.info.config.to_dict(),
            "clock_hz": self.info.clock_hz,
            "baud": self.info.baud,
            "build_id": f"{self.info.build_id:08x}",
            "round_trip": asdict(self.round_trip),
            "latency_timer_ms": self.latency_timer_ms,
            "rates": [asdict(rate) for rate in self.rates],
            "fastest_baud": self.fastest,
            "damaged_frames": self.damaged,
            "link": self.traffic.to_dict(),
            "regions": self.regions,
            "faults": [{**asdict(fault), "region": fault.region.name} for fault in self.faults],
            "advice": self.advice,
        }

    def __str__(self) -> str:
        config, trip = self.info.config, self.round_trip
        timer = "" if self.latency_timer_ms is None else f", latency timer {self.latency_timer_ms} ms"
        clock = f"{self.info.clock_hz / 1e6:g} MHz" if self.info.clock_hz else "no clock (software)"
        lines = [
            f"device      {self.name}: {config.neurons} neurons, {config.inputs} inputs, {config.lanes} lanes",
            f"build       {self.info.build_id:08x}, {clock}",
            f"round trip  {trip.median_us:.0f} us median, {trip.worst_us:.0f} us worst of {trip.count}{timer}",
            f"line        {self.damaged} frames damaged",
            f"traffic     {self.traffic}",
        ]
        if self.rates:
            told = ", ".join(f"{rate.baud} {'holds' if rate.holds else rate.said}" for rate in self.rates)
            lines.append(f"rates       {told}; fastest that holds: {self.fastest or 'none'}")
        if self.regions:
            lines.append(f"memories    {len(self.regions)} regions, {len(self.faults)} faults")
        lines += [f"            {fault}" for fault in self.faults]
        lines += [f"advice      {text}" for text in self.advice]
        return "\n".join([*lines, "verdict     " + ("healthy" if self.healthy else "not healthy")])


def examine(device: Device, *, rates: bool = True, memories: bool = True, say: Say = lambda _: None) -> Examination:
    """Examine a device.

    Parameters
    ----------
    device : Device
        At rest, at the end of a wire. It holds afterwards what it held before.
    rates, memories : bool
        Whether to try all rates, and to test the memories.
    say : callable
        Called with a few words about what is being done.

    Raises
    ------
    DeviceError
        If the device goes away or no longer answers; for an emulator in this process, which has no line.
    """
    info, link = device.info, device.link
    say("measuring round trips")
    before, began = link.damaged + device.counters()["frames_bad"], link.traffic
    trip = RoundTrip.measured(link, QUESTIONS)
    timer = latency_timer(link.name)
    found = Examination(name=link.name, info=info, round_trip=trip, latency_timer_ms=timer)
    if memories:
        say("testing the memories")
        found.regions = [region.name for region in writable_regions(info.config)]
        found.faults = list(march(device))
    found.damaged = link.damaged + device.counters()["frames_bad"] - before
    found.traffic = link.traffic - began
    if rates and info.clock_hz and info.baud:
        for rate in try_rates(link, info):
            say(f"{rate.baud} baud {'holds' if rate.holds else rate.said}")
            found.rates.append(rate)
        remembered.forget(link.place)  # the next device tries them, too
    found.advice = _advice(found)
    return found


def _advice(found: Examination) -> list[str]:
    texts = [advice(found.name, found.round_trip, found.latency_timer_ms)]
    if found.damaged:
        texts.append("frames are damaged on the way: try another cable or port, or a lower rate")
    if found.faults:
        texts.append(
            "memories do not keep what they are given: build and program again; if it stays, mistrust the board"
        )
    if found.fastest and found.fastest > found.info.baud:
        texts.append(
            f"{found.fastest} baud holds: it is what devices go to by themselves, unless --baud names another rate or "
            "their bridge is not known to carry it"
        )
    return [text for text in texts if text]
