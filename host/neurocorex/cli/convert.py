"""Command that converts models of other tools, SuperNeuroMAT and NIR, to images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import geometry, output

if TYPE_CHECKING:
    from ..spec import CoreConfig

#: Endings of the files of each tool.
SUPERNEUROMAT, NIR = (".json",), (".nir", ".h5", ".hdf5")
#: Tools that write NIR: the names of `importers.nir.PRODUCERS`, here so that help needs no NumPy.
PRODUCERS = (
    "nir", "snntorch", "norse", "norse-1.1.0", "norse-seconds", "sinabs", "rockpool", "spikingjelly", "nengo",
)  # fmt: skip


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="Image to write (.npz), for `load` and `run`.")
@click.option("--config", type=click.Path(path_type=Path), help="Geometry of an existing chip, as a JSON file.")
@click.option("--scale", type=float, help="Units of the chip per unit of the model.  [default: fitted]")
@click.option(
    "--weight-bits", type=click.Choice(["4", "8", "16"]), help="NIR: width of a weight, without --config.  [default: 8]"
)
@click.option("--producer", type=click.Choice(PRODUCERS), help="NIR: take the options of this tool.")
@click.option("--dt", type=float, help="NIR: length of a step in seconds.  [default: 1e-4]")
@click.option("--discretisation", type=click.Choice(["exact", "euler"]), help="NIR: how decays are discretised.")
@click.option(
    "--current", type=click.Choice(["filter", "jump", "decayed"]), help="NIR: what a spike does to a current."
)
@click.option(
    "--fires-at", type=click.Choice([">", ">="]), help="NIR: above the threshold, or at it as well; quote it."
)
@click.option(
    "--reset", metavar="HOW", multiple=True,
    help="NIR: value, zero, zero-late, subtract or subtract-late; or NODE=HOW, again for each node.",
)  # fmt: skip
@click.option("--refractory", metavar="S", multiple=True, help="NIR: seconds without spikes after a spike; or NODE=S.")
@click.option("--scaling", metavar="WHAT", multiple=True, help="NIR: population, neuron or none; or NODE=FACTOR.")
@click.option("--frac-bits", type=int, help="SuperNeuroMAT: numbers as SpikeEngine has them.")
@click.option(
    "--check", type=click.Path(path_type=Path), metavar="RECORDING",
    help="NIR: compare with the spikes in this .npz file, on the emulator.",
)  # fmt: skip
@click.option(
    "--share", type=click.FloatRange(0, 1), help="Share of spikes that --check needs within a step.  [default: 0.9]"
)
@output.json_option
def convert(
    file: Path, out: Path | None, config: Path | None, scale: float | None, frac_bits: int | None, as_json: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Convert the model in FILE to an image for a chip.

    FILE is a SuperNeuroMAT model (.json) or a NIR graph (.nir, .h5, .hdf5). The report labels each part exact, or
    approximate with its error. What a chip cannot do is refused, with the reason.

    With --check the image runs the inputs of RECORDING, and its spikes are compared with those that the producer
    recorded. The file has the arrays `inputs` and `spikes`, or `spikes:NAME` for an output or layer of the graph, of
    shape [steps, n] or [samples, steps, n]. The exit code is 1 if less than --share of the spikes match.

    \b
    Examples:
      neurocorex convert model.json --out model.npz
      neurocorex convert net.nir --producer snntorch --out net.npz
      neurocorex convert net.nir --dt 1e-3 --reset subtract --reset lif2=zero --weight-bits 16
      neurocorex convert net.nir --producer norse --check recording.npz --share 0.99
    """
    from ..errors import InputError

    suffix = file.suffix.lower()
    if suffix not in (*SUPERNEUROMAT, *NIR):
        raise InputError(f"cannot tell what {file} is; names of models end in {', '.join((*SUPERNEUROMAT, *NIR))}")
    if out is not None and out.suffix != ".npz":
        raise InputError(f"cannot write an image as {out.suffix or 'a file without a suffix'!r}; use .npz")
    given = sorted(name for name, value in options.items() if value not in (None, ()))
    if options["share"] is not None and options["check"] is None:
        raise InputError("--share needs a recording to compare with: --check recording.npz")
    chip = geometry.read_config(config)
    if suffix in SUPERNEUROMAT:
        if given:
            raise InputError(f"--{given[0].replace('_', '-')} is an option for NIR graphs, {file} is none")
        with output.warnings_in_report():
            values, image, text = _superneuromat(file, chip, scale, frac_bits)
    else:
        if frac_bits is not None:
            raise InputError(f"--frac-bits is an option for SuperNeuroMAT, {file} is a NIR graph")
        with output.warnings_in_report():
            values, image, text = _nir(file, chip, scale, options)
    if out is not None:
        image.save(out)
    failed = "check" in values and not values["check"]["passed"]
    values |= {"file": file, "out": out, "config": image.config.to_dict(), "scale": image.scale}
    output.emit(as_json, values, lambda: text)
    if failed:
        raise SystemExit(1)


def _superneuromat(
    file: Path, config: CoreConfig | None, scale: float | None, frac_bits: int | None
) -> tuple[dict[str, Any], Any, str]:
    from ..importers.superneuromat import from_superneuromat

    model = from_superneuromat(file, config=config, scale=scale, frac_bits=frac_bits)
    return {"format": "superneuromat", "report": model.report.to_dict()}, model.image, str(model.report)


def _nir(
    file: Path, config: CoreConfig | None, scale: float | None, options: dict[str, Any]
) -> tuple[dict[str, Any], Any, str]:
    from ..importers.nir import from_nir

    plain = {name: options[name] for name in ("producer", "dt", "discretisation", "current", "fires_at")}
    named = {
        "reset": _by_node("reset", options["reset"], str),
        "refractory": _by_node("refractory", options["refractory"], float),
        "scaling": _by_node("scaling", options["scaling"], float, words=True),
    }
    model = from_nir(file, config=config, scale=scale, weight_bits=int(options["weight_bits"] or 8), **plain, **named)
    every = range(model.image.config.neurons)
    values = {
        "format": "nir",
        "inputs": {name: [place.start, place.stop] for name, place in model.inputs.items()},
        "layers": {
            name: {"neurons": [every[n] for n in part.neurons.tolist()], "latency": part.latency}
            for name, part in model.layers.items()
        },
        "outputs": model.outputs,
        "report": model.report.to_dict(),
    }
    lines = [str(model.report)]
    if options["check"] is not None:
        checked = model.check(options["check"], share=0.9 if options["share"] is None else options["share"])
        values["check"] = checked.to_dict()
        lines.append(str(checked))
    return values, model.image, "\n".join(lines)


def _by_node(option: str, given: tuple[str, ...], kind: type, *, words: bool = False) -> Any:
    """Read one value, or any number of NODE=VALUE; None if nothing was given. With `words` a single value is a word."""
    from ..errors import InputError

    if not given:
        return None
    try:
        if len(given) == 1 and "=" not in given[0]:
            return given[0] if words else kind(given[0])
        pairs = [each.rpartition("=") for each in given]
        if not all(node for node, _, _ in pairs):
            raise ValueError
        return {node: kind(value) for node, _, value in pairs}
    except ValueError:
        example = {"reset": "zero", "refractory": "0.002", "scaling": "2.0"}[option]
        raise InputError(
            f"--{option} needs one value, or NODE=VALUE for each node, got {given[0]}; for example lif={example}"
        ) from None
