"""Counts of a live source of address events: what became of datagrams and events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class AerCounts:
    """What became of everything that was received.

    ``received == spikes + merged + outside + other_polarity + special + unused + dropped + waiting``.

    Attributes
    ----------
    datagrams, damaged, repeated : int
        Datagrams that came; those whose length or number cannot be, and those with the number of the one before: both
        are not used, and their events not counted.
    lost, late, restarts : int
        Datagrams that are missing by the numbers of those that were used, so a damaged one is lost as well; that came
        after a later one; and senders that began again.
    received : int
        Events that came.
    spikes, merged : int
        Spikes that they became, and events that came on the same axon in the same step as another one.
    outside, other_polarity, special : int
        Events beyond the crop or the sensor, of a polarity that was not asked for, and of no pixel.
    unused, dropped, waiting : int
        Events that came while the stimulus was another one; the oldest ones that had to leave a full buffer; and those
        that are in it.
    """

    datagrams: int = 0
    damaged: int = 0
    repeated: int = 0
    lost: int = 0
    late: int = 0
    restarts: int = 0
    received: int = 0
    spikes: int = 0
    merged: int = 0
    outside: int = 0
    other_polarity: int = 0
    special: int = 0
    unused: int = 0
    dropped: int = 0
    waiting: int = 0

    def text(self, numbered: bool) -> str:
        """Return all counts that are not 0, in a line; without numbers of datagrams nobody knows what was lost."""
        events = {
            "merged": self.merged, "outside": self.outside, "of the other polarity": self.other_polarity,
            "special": self.special, "not used": self.unused, "dropped, buffer full": self.dropped,
            "waiting": self.waiting,
        }  # fmt: skip
        datagrams = {
            "damaged": self.damaged, "repeated": self.repeated, "late": self.late,
            "restarts of a sender": self.restarts,
        }  # fmt: skip
        lost = f"{self.lost:,} lost" if numbered else "lost ones not known, for want of numbers"
        return (
            f"{self.received:,} events received, {', '.join([f'{self.spikes:,} spikes', *_told(events)])}; "
            f"{', '.join([f'{self.datagrams:,} datagrams', lost, *_told(datagrams)])}"
        )


def _told(counts: dict[str, int]) -> list[str]:
    return [f"{count:,} {name}" for name, count in counts.items() if count]
