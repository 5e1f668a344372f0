"""Reader of pin files: ports, their pins and settings, clocks and properties, from PCF, LPF, CST and XDC text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass
class Pins:
    """What a pin file says: pins, settings and frequencies in MHz of ports, and properties of the design."""

    pin: dict[str, str] = field(default_factory=dict)
    settings: dict[str, dict[str, str]] = field(default_factory=dict)
    mhz: dict[str, float] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    def place(self, port: str, pin: str) -> None:
        """Note the pin of a port; a port has one pin, and a pin one port."""
        assert port not in self.pin, f"{port} has two pins"
        assert pin not in self.pin.values(), f"{pin} has two ports"
        self.pin[port] = pin

    def set(self, port: str, name: str, value: str) -> None:
        """Note a setting of a port; a second one must agree."""
        known = self.settings.setdefault(port, {}).setdefault(name, value)
        assert known == value, f"{port}: {name} is both {known} and {value}"

    def standard(self, port: str) -> str:
        """IO standard of a port, "" if none is said."""
        return self.settings.get(port, {}).get("standard", "")

    def pull(self, port: str) -> str:
        """Pull of a port: UP, DOWN, NONE, or "" if none is said."""
        return self.settings.get(port, {}).get("pull", "")


_NAMES = {"IO_TYPE": "standard", "IOSTANDARD": "standard", "PULLMODE": "pull", "PULL_MODE": "pull", "PULLTYPE": "pull"}


def _pcf(line: str, pins: Pins) -> bool:
    match line.split():
        case ["set_io", *options, port, pin]:
            pins.place(port, pin)
            if "-pullup" in options:
                pins.set(port, "pull", "UP" if options[options.index("-pullup") + 1] == "yes" else "NONE")
        case ["set_frequency", port, mhz]:
            pins.mhz[port] = float(mhz)
        case _:
            return False
    return True


def _lpf(line: str, pins: Pins) -> bool:
    if found := re.fullmatch(r'LOCATE COMP "(.+)" SITE "(.+)";', line):
        pins.place(*found.groups())
    elif found := re.fullmatch(r'IOBUF PORT "(.+?)" (.+);', line):
        _equations(found[1], found[2], pins)
    elif found := re.fullmatch(r'FREQUENCY PORT "(.+)" ([\d.]+) (M?)HZ;', line):
        pins.mhz[found[1]] = float(found[2]) / (1 if found[3] else 1e6)
    elif not line.startswith(("BLOCK ", "SYSCONFIG ")):
        return False
    return True


def _cst(line: str, pins: Pins) -> bool:
    if found := re.fullmatch(r'IO_LOC "(.+)" (\w+);', line):
        pins.place(*found.groups())
    elif found := re.fullmatch(r'IO_PORT "(.+?)" (.+);', line):
        _equations(found[1], found[2], pins)
    else:
        return False
    return True


def _equations(port: str, text: str, pins: Pins) -> None:
    for each in text.split():
        name, _, value = each.partition("=")
        pins.set(port, _NAMES.get(name, name), value)


def _xdc(line: str, pins: Pins) -> bool:
    if found := re.fullmatch(r'set_property (\w+) "?(\w+)"? \[get_ports "?(.+?)"?\]', line):
        name, value, port = found.groups()
        if name in ("LOC", "PACKAGE_PIN"):
            pins.place(port, value)
        else:
            pins.set(port, _NAMES.get(name, name), value)
    elif found := re.fullmatch(r'create_clock -name (\S+) -period ([\d.]+) \[get_(?:nets|ports) "?(.+?)"?\]', line):
        pins.mhz[found[3]] = 1e3 / float(found[2])
    elif found := re.fullmatch(r"set_property (\S+) (\S+) \[current_design\]", line):
        pins.properties[found[1]] = found[2]
    else:
        return line.startswith("set_property INTERNAL_VREF ")
    return True


_READERS = {"pcf": _pcf, "lpf": _lpf, "cst": _cst, "xdc": _xdc}


def read(text: str, kind: str) -> Pins:
    """Read a pin file of a kind: pcf, lpf, cst or xdc. A line that is not understood is an error."""
    pins = Pins()
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        assert _READERS[kind](line, pins), f"not understood: {line}"
    return pins
