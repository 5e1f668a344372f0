"""Description of a chip: its geometry, clock, rate and version of the protocol, as it stands in `Region.INFO`."""

from __future__ import annotations

from dataclasses import dataclass

from . import version
from .config import CoreConfig
from .regions import INFO_WORDS
from .version import PROTOCOL_VERSION

MAGIC = 0x3158434E  # "NCX1", little-endian


@dataclass(frozen=True, kw_only=True, slots=True)
class ChipInfo:
    """What a chip says of itself: the content of `Region.INFO`.

    Attributes
    ----------
    config : CoreConfig
        Geometry, as built.
    clock_hz : int
        Frequency of the core clock; 0 where there is none (the emulator).
    baud : int
        Rate of the UART after reset; 0 where there is none.
    build_id : int
        32 bits that change with the sources and the configuration.
    """

    config: CoreConfig
    clock_hz: int
    baud: int
    build_id: int

    WORDS = INFO_WORDS

    def to_words(self) -> list[int]:
        """Return the 32-bit items of the region, in the order of `WORDS`."""
        values = {
            "magic": MAGIC,
            "protocol_version": PROTOCOL_VERSION,
            "build_id": self.build_id,
            "clock_hz": self.clock_hz,
            "baud": self.baud,
            **{name: int(value) for name, value in self.config.to_dict().items()},
        }
        return [values[word] for word in self.WORDS]

    @classmethod
    def from_words(cls, words: list[int]) -> ChipInfo:
        """Inverse of `to_words`.

        Raises
        ------
        ValueError
            If this is not a NeuroCoreX chip, speaks another protocol version, or describes an impossible geometry.
        """
        values = dict(zip(cls.WORDS, words, strict=False))
        if values.get("magic") != MAGIC:
            raise ValueError(f"magic number is {values.get('magic', 0):#010x}, expected {MAGIC:#010x}")
        found = values.get("protocol_version", 0)
        if found != PROTOCOL_VERSION:
            raise ValueError(version.difference(found, PROTOCOL_VERSION))
        if len(words) != len(cls.WORDS):
            raise ValueError(f"description has {len(words)} words, expected {len(cls.WORDS)}")
        return cls(
            config=CoreConfig.from_dict({name: values[name] for name in CoreConfig().to_dict()}),
            clock_hz=values["clock_hz"],
            baud=values["baud"],
            build_id=values["build_id"],
        )
