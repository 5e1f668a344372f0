"""Command of the live scope: a network that runs while it is watched and changed in a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import choice, output
from .choice import DeviceChoice
from .runs import index_list
from .signals import closed_by_signals

if TYPE_CHECKING:
    from ..device.device import Device
    from ..scope.aer import AerSource
    from ..scope.runner import Runner
    from ..scope.stimulus import LiveStimulus

#: Neurons whose membranes are shown, unless others are named.
_MEMBRANES = 2


@click.command()
@choice.device()
@click.argument("network", type=click.Path(path_type=Path), required=False)
@click.option("--demo", is_flag=True, help="Run a ring of 256 neurons that learn, instead of a NETWORK.")
@click.option(
    "--rate", type=click.FloatRange(0, 1000), metavar="HZ", help="Spikes per second of an input.  [default: 20]"
)
@click.option("--pattern", metavar="NAME", help="Pattern of the inputs to begin with.  [default: uniform]")
@click.option("--spikes", type=click.Path(path_type=Path), help="Spikes to repeat, as of `run`: pattern `replay`.")
@click.option(
    "--image", type=click.Path(path_type=Path), help="Intensities 0 to 1 in a .npz of `image`: pattern `image`."
)
@click.option("--aer", metavar="URL", help="Events of a sensor as datagrams, to udp://HOST:PORT: pattern `events`.")
@click.option(
    "--aer-layout",
    type=click.Choice(["plain", "dvs128"]),
    default="plain",
    show_default=True,
    help="What an address is: the number of an input, or a pixel of a DVS128.",
)
@click.option("--aer-crop", metavar="L,T,R,B", help="Pixels that are kept; right and bottom are excluded.")
@click.option(
    "--aer-downsample", type=click.IntRange(1), default=1, show_default=True, help="Side of squares of pixels."
)
@click.option(
    "--aer-polarity",
    type=click.Choice(["separate", "merge", "on", "off"]),
    help="Polarities of the pixels of a camera.  [default: separate]",
)
@click.option("--aer-unnumbered", is_flag=True, help="Datagrams do not begin with their number.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the stimulus.")
@click.option("--membranes", metavar="LIST", help="Show the membranes of these neurons, as in 0,3,8-11.")
@click.option(
    "--speed", default="1", show_default=True, metavar="X|max", help="Seconds of the network in a second, if it can."
)
@click.option("--port", default=0, type=click.IntRange(0, 65535), show_default="any free one", help="TCP port.")
@click.option("--no-browser", is_flag=True, help="Only print the address of the page.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End after so long.  [default: at Ctrl-C]")
@output.json_option
def scope(
    chosen: DeviceChoice, network: Path | None, demo: bool, spikes: Path | None, image: Path | None, port: int,
    no_browser: bool, seconds: float | None, as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Watch a network run in the browser, and change it.

    It runs on the chip at DEVICE, in short blocks, until it is stopped.

    NETWORK is loaded first; without it, and without --demo, the chip runs the network that it holds. The page is served
    on this computer only, at an address that cannot be guessed. Stop with Ctrl-C. With --json the object (`url`, and
    `aer` where events are received) is printed once the page is served.

    \b
    Examples:
      neurocorex scope emulator --demo
      neurocorex scope /dev/ttyUSB1 lesson.npz --rate 50 --membranes 0-3
      neurocorex scope rtl digits.npz --spikes input.csv --speed max
      neurocorex scope emulator camera.npz --aer udp://127.0.0.1:8991 --aer-layout dvs128 --aer-downsample 4
    """
    from ..errors import InputError

    if demo and network is not None:
        raise InputError("give a NETWORK or --demo, not both")
    server_module = _server_module()
    speed = _speed(options["speed"])
    with chosen.open() as chip:
        heading = f"{chosen.name}, {_loaded(chip, network, demo)}"
        source = _source(chip.inputs, options)
        with _received(source):
            stimulus = _stimulus(chip, demo, spikes, image, source, options)
            runner = _runner(chip, stimulus, options["membranes"], speed)
            server = server_module.ScopeServer(runner, heading, port=port)
            with runner, closed_by_signals(server.close):
                if as_json:
                    output.emit(True, {"url": server.url} | ({"aer": source.url} if source else {}), str)
                click.echo(f"scope on {server.url} - stop with Ctrl-C", err=True)
                server.serve(seconds=seconds, ready=None if no_browser else lambda: _shown(server.url))
        totals = runner.history.totals()
    click.echo(f"stopped after {totals.steps:,} steps and {totals.spikes:,} spikes", err=True)


def _shown(url: str) -> None:
    """Open a page in the browser, where there is a screen for one: elsewhere the opener only complains."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        click.launch(url)


def _server_module() -> Any:
    from ..errors import MissingToolError

    try:
        from ..scope import server
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("bokeh", "tornado"):
            raise
        raise MissingToolError("the live scope needs bokeh; install it with: pip install 'neurocorex[scope]'") from None
    return server


def _speed(text: str) -> float | None:
    from ..errors import InputError

    if text == "max":
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--speed is a number above 0, or max; got {text!r}") from None


def _loaded(chip: Device, network: Path | None, demo: bool) -> str:
    """Load what was named, and start it from rest; return its name."""
    if demo:
        from ..scope.demo import ring_network

        chip.load(ring_network())
        return "demo ring"
    if network is None:
        return "the network that it holds"
    if not chip.load(network).is_snapshot:
        chip.clear(state=True)
    return network.name


def _stimulus(
    chip: Device, demo: bool, spikes: Path | None, image: Path | None, source: AerSource | None,
    options: dict[str, Any],
) -> LiveStimulus:  # fmt: skip
    from .. import encode
    from ..files import Archive
    from ..scope import demo as ring
    from ..scope.stimulus import LiveStimulus

    inputs, rate, pattern = chip.inputs, options["rate"], options["pattern"]
    if rate is None:
        rate = ring.RATE_HZ if demo else 20.0
    if pattern is None and demo and spikes is None and image is None and source is None:
        pattern = ring.PATTERN
    label = f"{image} has no array `image` that can be read"
    return LiveStimulus(
        inputs, chip.dt_ms, rate_hz=rate, pattern=pattern, seed=options["seed"],
        recording=None if spikes is None else encode.from_file(spikes, inputs=inputs),
        image=None if image is None else Archive(image, label=label).array("image"), source=source,
    )  # fmt: skip


def _source(inputs: int, options: dict[str, Any]) -> AerSource | None:
    """Bind what receives events, if it was asked for."""
    from ..errors import InputError

    if options["aer"] is None:
        given = [name for name in ("crop", "polarity", "unnumbered") if options[f"aer_{name}"]]
        given += ["layout"] * (options["aer_layout"] != "plain") + ["downsample"] * (options["aer_downsample"] != 1)
        if given:
            raise InputError(f"--aer-{given[0]} needs --aer URL, such as --aer udp://127.0.0.1:8991")
        return None
    from ..scope.aer import AerSource

    crop: Any = options["aer_crop"]
    return AerSource(
        options["aer"], layout=options["aer_layout"], inputs=inputs if options["aer_layout"] == "plain" else None,
        crop=crop and tuple(crop.split(",")), downsample=options["aer_downsample"], polarity=options["aer_polarity"],
        numbered=not options["aer_unnumbered"],
    )  # fmt: skip


def _runner(chip: Device, stimulus: LiveStimulus, membranes: str | None, speed: float | None) -> Runner:
    from ..scope.runner import Runner
    from ..scope.settings import Settings
    from ..scope.status import awake_neurons

    shown = index_list(membranes, chip.neurons)
    if not shown:
        shown = [place * awake_neurons(chip) // _MEMBRANES for place in range(_MEMBRANES)]
    return Runner(device=chip, stimulus=stimulus, settings=Settings(speed=speed, membranes=tuple(sorted(set(shown)))))


@contextmanager
def _received(source: AerSource | None) -> Iterator[None]:
    """Receive events, if they were asked for, and tell at the end what became of them."""
    if source is None:
        yield
        return
    try:
        with source:
            yield
    finally:
        click.echo(f"events at {source}", err=True)
