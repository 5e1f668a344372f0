"""Comparison of a board as it is built, and of its row in the table, with facts of its makers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fpga.fact_rows import Facts, Led
from fpga.netlist import Net, Netlist
from fpga.pin_files import Pins, read
from neurocorex.fpga.boards import Board
from neurocorex.fpga.parts import Family
from neurocorex_hdl.boards.flow import CONSTRAINTS, TOP, Order, programs

#: Colour of the LED that shows an output of the chip, where LEDs have colours.
COLOURS = {"heartbeat": "green", "activity": "blue", "error": "red"}
#: Pins of the LED driver of the UP5K in the package SG48, which are fixed (UPduino_v3.0.pdf, U2A).
RGB = {"RGB0": "39", "RGB1": "40", "RGB2": "41"}
DARK = {"heartbeat": 0, "activity": 0, "error": 0}


@dataclass(frozen=True)
class Built:
    """A board: facts, row of the table, pin file, and RTLIL with a cell `stub` for the chip."""

    facts: Facts
    board: Board
    text: str
    rtlil: str


def problems(built: Built) -> list[str]:
    """Everything in which a board differs from the facts; each starts with the pin if there is one."""
    facts, board = built.facts, built.board
    pins, netlist = read(built.text, CONSTRAINTS[board.family]), Netlist(built.rtlil, TOP, "stub")
    site = pins.pin
    found = [f"{port}: no pin" for port in {*netlist.drives, *netlist.reads} - site.keys()]
    if not found:
        used = {**_serial(facts, site, netlist), **_leds(facts, site, netlist), **_buttons(facts, site, netlist)}
        used |= _held(facts, site, netlist)
        used |= _clock(facts, pins, board.family, {site[port] for port in netlist.reads} - used.keys())
        found += [f"{pin}: {what}" for pin, what in used.items() if what]
        found += [
            f"{site[port]}: {cell} is at {RGB[cell]}" for port, cell in netlist.fixed.items() if site[port] != RGB[cell]
        ]
        found += [f"{pin} ({port}): no fact says what it is for" for port, pin in site.items() if pin not in used]
        if board.family is not Family.ICE40:  # the pin files of iCE40 have no IO standards and no pulls
            found += _settings(facts, pins)
    found += [
        f"{name} is not {value}" for name, value in facts.properties.items() if pins.properties.get(name) != value
    ]
    return found + _given_up(facts, board, site.values()) + _table(facts, board)


# Each of these gives the pins of a kind, and what is wrong with each of them, or "".


def _serial(facts: Facts, site: dict[str, str], netlist: Netlist) -> dict[str, str]:
    heard = {site[port] for port in netlist.reads if _follows(netlist, netlist.stub_inputs["rx"], port) == (0, 1)}
    said = {
        site[port] for port, (data, let_go) in netlist.drives.items()
        if [netlist.level(data, {"tx": tx}) for tx in (0, 1)] == [0, 1] and netlist.level(let_go, {}) == 0
    }  # fmt: skip
    wanted = facts.serial
    return {
        wanted.rx: "" if heard == {wanted.rx} else f"rx, but the chip hears on {heard or 'nothing'}",
        wanted.tx: "" if said == {wanted.tx} else f"tx, but the chip speaks on {said or 'nothing'}",
    }


def _follows(netlist: Netlist, net: Net | str, port: str) -> tuple[int | None, ...]:
    """Levels of a wire while a pin is low and high."""
    return tuple(netlist.level(net, {port: level}) for level in (0, 1))


def _leds(facts: Facts, site: dict[str, str], netlist: Netlist) -> dict[str, str]:
    """Every pin that shows something of the chip is an LED of the right colour, dark while nothing is to be shown."""
    leds, result, shown = {led.pin: led for led in facts.leds}, {}, set()
    for port, (data, let_go) in netlist.drives.items():
        dark = netlist.level(data, DARK)
        lit = [name for name in COLOURS if dark is not None and netlist.level(data, DARK | {name: 1}) == 1 - dark]
        if lit:
            result[site[port]] = _led(leds.get(site[port]), dark, lit, netlist.level(let_go, {}))
            shown |= {*lit}
    if "heartbeat" not in shown:
        result["LEDs"] = "none shows the heartbeat"
    return result


def _led(led: Led | None, dark: int | None, lit: list[str], let_go: int | None) -> str:
    if led is None:
        return f"shows {lit}, but no LED is there"
    if let_go != 0:
        return "is not always driven"
    if dark == led.on:
        return f"the LED shines at level {led.on}, and {lit} turns it off"
    colours = [COLOURS[name] for name in lit]
    if led.colour and led.colour not in colours:
        return f"shows {lit}, which is {colours}, on a LED that is {led.colour}"
    return ""


def _buttons(facts: Facts, site: dict[str, str], netlist: Netlist) -> dict[str, str]:
    """The pin that resets the chip is a button, and it resets while pressed."""
    buttons, result = {button.pin: button for button in facts.buttons}, {}
    for port in netlist.reads:
        levels = _follows(netlist, (f"{TOP}.clock", "button"), port)
        if None in levels or levels[0] == levels[1]:
            continue
        button = buttons.get(site[port])
        if button is None:
            result[site[port]] = "resets the chip, but no button is there"
        else:
            result[site[port]] = "" if levels[button.pressed] else f"is {button.pressed} while pressed"
    if facts.buttons and not result:
        result["buttons"] = f"none of {[*buttons]} resets the chip"
    return result


def _held(facts: Facts, site: dict[str, str], netlist: Netlist) -> dict[str, str]:
    levels = {
        site[port]: None if netlist.level(let_go, {}) else netlist.level(data, {})
        for port, (data, let_go) in netlist.drives.items()
    }
    return {
        pin: "" if levels.get(pin) == level else f"is not held at {level} ({facts.held_by})"
        for pin, level in facts.held.items()
    }


def _clock(facts: Facts, pins: Pins, family: Family, rest: set[str]) -> dict[str, str]:
    """What else the FPGA reads is the clock, and the file says its frequency."""
    if rest != {facts.clock.pin}:
        return {facts.clock.pin: f"is the clock, but the board reads {rest or 'none'}"}
    said = {pins.pin[port]: round(mhz, 3) for port, mhz in pins.mhz.items()}
    # A CST file has no clocks.
    right = said == ({} if family is Family.GOWIN else {facts.clock.pin: facts.clock.mhz})
    return {facts.clock.pin: "" if right else f"has {facts.clock.mhz} MHz, the file says {said}"}


def _settings(facts: Facts, pins: Pins) -> list[str]:
    standards = {facts.clock.pin: facts.clock.standard}
    standards |= dict.fromkeys((facts.serial.rx, facts.serial.tx), facts.serial.standard)
    standards |= {each.pin: each.standard for each in (*facts.leds, *facts.buttons)}
    pulls = {each.pin: each.pulls for each in facts.buttons}
    found = []
    for port, pin in pins.pin.items():
        if pin in standards and pins.standard(port) != standards[pin]:
            found.append(f"{pin}: is {standards[pin]}, the file says {pins.standard(port) or 'none'}")
        if pin in pulls and pins.pull(port) not in pulls[pin]:
            found.append(f"{pin}: pull is one of {pulls[pin]}, the file says {pins.pull(port)!r}")
    return found


def _given_up(facts: Facts, board: Board, used: Iterable[str]) -> list[str]:
    """Functions of configuration that Gowin pins have, and that the tools are not told to give up."""
    if not {*facts.gpio} & {*used}:
        return []
    order = Order(board=board, config=board.config, clock_hz=board.clock_hz, baud=board.baud)
    words = {tool: " ".join(options) for tool, options in programs(order)}
    return [
        f"{pin}: {tool} must be given {name}_as_gpio ({facts.gpio_by})"
        for pin, name in facts.gpio.items() if pin in used
        for tool in ("gowin_pack", *(["nextpnr-himbaechel-gowin"] if name == "sspi" else []))
        if f"{name}_as_gpio" not in words[tool]
    ]  # fmt: skip


def _table(facts: Facts, board: Board) -> list[str]:
    """Differences of the row of the table of boards."""
    part, loader, options = board.part, facts.loader, _options(board.loader)
    told = " ".join((board.wiring, board.manual, board.sram_needs, board.flash_needs))
    checks = {
        f"part is {facts.part}, not {part.name}": part.name == facts.part,
        f"IDCODE is {facts.idcode:#x}, not {part.idcode:#x}": part.idcode == facts.idcode,
        f"oscillator has {facts.clock.mhz} MHz": board.oscillator_hz == facts.clock.mhz * 1e6,
        f"USB is {loader.usb}, not {board.usb}": board.usb == loader.usb,
        f"the loader needs {loader.options}, not {options}": not loader.options or options == loader.options,
        "nothing says how to load it without a loader": bool(loader.options or board.manual),
        "the SRAM cannot be loaded": loader.sram or board.sram is None,
        "the SRAM can be loaded with -m": not loader.sram or bool({"-m", "--write-sram"} & {*(board.sram or ())}),
        "the flash cannot be written": loader.flash is not None or board.flash is None,
        f"the flash is written with {loader.flash}": not loader.flash or loader.flash in (board.flash or ()),
        "the flash can be written": loader.flash is None or board.flash is not None,
        "nothing says what the SRAM needs": not loader.sram_needs or bool(board.sram_needs) or board.sram is None,
        f"the user is not told about {facts.tell} ({facts.tell_by})": all(word in told for word in facts.tell),
        "program lands where it cannot": board.lands_in == "flash" or board.sram is not None,
    }
    return [what for what, right in checks.items() if not right]


def _options(words: tuple[str, ...]) -> dict[str, str]:
    """Options and their values, in lower case where that does not matter."""
    text = re.sub(r"(--\w+)=", r"\1 ", " ".join(words)).split()
    return {text[i]: text[i + 1].lower() if text[i].startswith("--") else text[i + 1] for i in range(0, len(text), 2)}
