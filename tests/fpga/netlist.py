"""Reader of RTLIL that follows one-bit wires: which level a pin has, and which input a wire comes from.

It knows what the pins of a board need (buffers, gates, wires through modules) and takes the rest as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

#: Cells that drive a pin: the ports for pin, data and, if the cell can let go of the pin, for that ("!": at level 0).
DRIVERS = {
    "SB_IO": ("PACKAGE_PIN", "D_OUT_0", "!OUTPUT_ENABLE"),
    # Sinks of current: the pin is low while the input is high.
    **{f"SB_RGBA_DRV.{n}": (f"RGB{n}", f"!RGB{n}PWM", "!RGBLEDEN") for n in range(3)},
    "OB": ("O", "I", ""), "OBZ": ("O", "I", "T"),
    "OBUF": ("O", "I", ""), "TBUF": ("O", "I", "OEN"), "OBUFT": ("O", "I", "T"),
}  # fmt: skip
#: Cells that read a pin: the ports for pin and data.
READERS = {
    "SB_IO": ("PACKAGE_PIN", "D_IN_0"), "SB_GB_IO": ("PACKAGE_PIN", "GLOBAL_BUFFER_OUTPUT"),
    "IB": ("I", "O"), "IBUF": ("I", "O"), "IBUFG": ("I", "O"),
}  # fmt: skip
Net = tuple[str, str]
Cells = dict[str, tuple[str, dict[str, str]]]


class Netlist:
    """A design.

    Parameters
    ----------
    text : str
        RTLIL.
    top : str
        Name of the module at the top.
    stub : str
        Type of the cell whose outputs are set from outside.
    """

    def __init__(self, text: str, top: str, stub: str) -> None:
        self._modules: dict[str, tuple[Cells, dict[str, str], dict[str, str]]] = {}
        for found in re.finditer(r"^module \\(\S+)\n(.*?)^end", text, re.M | re.S):
            self._modules[found[1]] = _module(found[2])
        self._stub = stub
        self._drivers: dict[Net, tuple[str, object]] = {}
        self.drives: dict[str, tuple[Net | str, Net | str]] = {}
        self.reads: dict[str, Net] = {}
        self.fixed: dict[str, str] = {}
        self.stub_inputs: dict[str, Net | str] = {}
        self._enter(top, top, {})

    def _enter(self, path: str, module: str, ports: dict[str, Net | str]) -> None:
        """Note what drives each wire; `ports` gives the nets outside of the module's ports."""
        cells, equal, directions = self._modules[module]

        def net(expression: str) -> Net | str:
            name = expression.removesuffix(" [0]").removeprefix("\\")
            return name if "'" in name else (path, name)

        for name, direction in directions.items():
            if name in ports and direction != "output":
                self._drivers[path, name] = ("wire", ports[name])
        for target, source in equal.items():
            self._drivers[path, target.removesuffix(" [0]").removeprefix("\\")] = ("wire", net(source))
        for name, (kind, connections) in cells.items():
            nets = {port: net(value) for port, value in connections.items()}
            if kind in self._modules:
                inner = f"{path}.{name}"
                for port, outside in nets.items():
                    if self._modules[kind][2].get(port) == "output" and isinstance(outside, tuple):
                        self._drivers[outside] = ("wire", (inner, port))
                self._enter(inner, kind, nets)
            elif kind == self._stub:
                self.stub_inputs = {port: each for port, each in nets.items() if port not in ("tx", *_SHOWN)}
                for port in ("tx", *_SHOWN):
                    if isinstance(nets[port], tuple):
                        self._drivers[nets[port]] = ("stub", port)  # type: ignore[index]
            elif kind.startswith("$"):
                if isinstance(nets.get("Y"), tuple):
                    self._drivers[nets["Y"]] = ("gate", (kind, nets))  # type: ignore[index]
            else:
                self._buffer(kind, nets, f"{path}.{name}")

    def _buffer(self, kind: str, nets: dict[str, Net | str], path: str) -> None:
        def input_of(port: str) -> Net | str:
            """Net at a port; "!" puts an inverter there, and a port that is not connected is low at its end."""
            if not port.startswith("!"):
                return nets.get(port, "1'0")
            if port[1:] not in nets:
                return "1'0"
            self._drivers[path, port] = ("gate", ("$not", {"A": nets[port[1:]]}))
            return path, port

        for each, (pin, data, let_go) in DRIVERS.items():
            if each.partition(".")[0] == kind and pin in nets and data.removeprefix("!") in nets:
                self.drives[self._port(nets[pin])] = (input_of(data), input_of(let_go))
                if "." in each:
                    self.fixed[self._port(nets[pin])] = pin
        if kind in READERS and READERS[kind][1] in nets:
            pin, data = READERS[kind]
            self._drivers[nets[data]] = ("pin", self._port(nets[pin]))  # type: ignore[index]
            self.reads[self._port(nets[pin])] = nets[data]  # type: ignore[assignment]

    def _port(self, net: Net | str) -> str:
        """Port of the top at the end of the wires from a buffer outwards."""
        while isinstance(net, tuple) and net in self._drivers:
            net = self._drivers[net][1]  # type: ignore[assignment]
        return net[1]

    def level(self, net: Net | str, given: Mapping[str, int]) -> int | None:
        """Level of a wire with levels of the stub's outputs and of the pins' ports given; None if unknown."""

        @cache
        def find(net: Net | str) -> int | None:
            if isinstance(net, str):
                return {"1'0": 0, "1'1": 1}.get(net)
            how, what = self._drivers.get(net, ("", None))
            if how == "wire":
                return find(what)  # type: ignore[arg-type]
            if how == "gate":
                kind, nets = what  # type: ignore[misc]
                return _gate(kind, *(find(nets[port]) for port in ("A", "B") if port in nets))
            return given.get(what) if how else None  # type: ignore[arg-type]

        return find(net)


_SHOWN = ("heartbeat", "activity", "error")


def _module(body: str) -> tuple[Cells, dict[str, str], dict[str, str]]:
    """Cells, equal wires and directions of ports of the body of a module."""
    ports = re.findall(r"^  wire .*?(input|output|inout) \d+ +\\(\S+)$", body, re.M)
    body = re.sub(r"^  process .*?^  end", "", body, flags=re.M | re.S)
    cells: Cells = {}
    for kind, name, inside in re.findall(r"^  cell (\S+) (\S+)\n(.*?)^  end", body, re.M | re.S):
        connections = dict(re.findall(r"^    connect \\(\S+) (.+)$", inside, re.M))
        cells[name.removeprefix("\\")] = (kind.removeprefix("\\"), connections)
    equal = dict(re.findall(r"^connect (\\?\S+(?: \[0\])?) (.+)$", body, re.M))
    return cells, equal, {name: direction for direction, name in ports}


def _gate(kind: str, *inputs: int | None) -> int | None:
    """Output of a gate; unknown inputs count where they matter."""
    if kind == "$and" and 0 in inputs:
        return 0
    if kind == "$or" and 1 in inputs:
        return 1
    if None in inputs:
        return None
    first, *others = inputs
    match kind:
        case "$not":
            return 1 - first  # type: ignore[operator]
        case "$xor":
            return first ^ others[0]  # type: ignore[operator]
        case "$and":
            return 1
        case "$or":
            return 0
    return None
