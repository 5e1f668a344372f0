"""Works of a host that write files or change a chip, each done once in a process that may be killed meanwhile."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import neurocorex as ncx

from .networks import LEARNING, image_of, spikes_of

CONFIG = LEARNING[1]
#: What a command of the shell writes: its words, in which OUT is the file, IN the network and URL a chip.
COMMANDS: dict[str, tuple[str, list[str]]] = {
    "result": ("out.npz", ["run", "emulator", "IN", "--poisson", "0.3", "--steps", "300", "--out", "OUT"]),
    "spikes": ("out.csv", ["run", "emulator", "IN", "--poisson", "0.3", "--steps", "300", "--out", "OUT"]),
    "raster": ("out.png", ["run", "emulator", "IN", "--poisson", "0.3", "--steps", "60", "--raster", "OUT"]),
    "log": ("out.log", ["run", "emulator", "IN", "--poisson", "0.3", "--steps", "60", "--log", "OUT"]),
    "checkpoint": ("out.ckpt", [
        "run", "emulator", "IN", "--poisson", "0.3", "--steps", "300", "--checkpoint", "OUT",
        "--checkpoint-every", "50",
    ]),
    "weights": ("out.npz", ["weights", "URL", "--out", "OUT"]),
    "weights_csv": ("out.csv", ["weights", "URL", "--out", "OUT"]),
    "plot": ("out.png", ["weights", "URL", "--plot", "OUT"]),
    "convert": ("out.npz", ["convert", "MODEL", "--out", "OUT"]),
}  # fmt: skip


def work(words: list[str]) -> Callable[[], None]:
    """Import what a work needs, and return what does it.

    Words are ``command NAME FOLDER URL``, ``chip WHAT URL`` or ``build FOLDER``.
    """
    kind, *rest = words
    if kind == "command":
        name, folder, url = rest
        return _command(COMMANDS[name], Path(folder), url)
    if kind == "chip":
        return CHIP_WORKS[rest[0]](rest[1])
    return _build(Path(rest[0]))


def prepare(folder: Path) -> None:
    """Put what commands read into a folder."""
    from support.superneuromat_models import random_model

    image_of(CONFIG, 0).save(folder / "in.npz")
    (folder / "model.json").write_text(random_model(1).to_json())


def words_of(name: str, folder: Path, url: str) -> list[str]:
    """Return the words of a command that writes into a folder."""
    file, words = COMMANDS[name]
    places = {"IN": str(folder / "in.npz"), "MODEL": str(folder / "model.json"), "URL": url, "OUT": str(folder / file)}
    return [places.get(word, word) for word in words]


def _command(command: tuple[str, list[str]], folder: Path, url: str) -> Callable[[], None]:
    from neurocorex.cli import main

    name = next(name for name, each in COMMANDS.items() if each is command)

    def run() -> None:
        main(words_of(name, folder, url))

    return run


def _upload(url: str) -> Callable[[], None]:
    def upload() -> None:
        with ncx.open(url) as device:
            for seed in range(3):
                device.load(image_of(CONFIG, seed), verify=True)

    return upload


def _run(url: str) -> Callable[[], None]:
    def run() -> None:
        with ncx.open(url) as device:
            device.load(image_of(CONFIG, 0))
            device.run(spikes=spikes_of(CONFIG, 3000), record=("spikes", "v"))

    return run


def _read_back(url: str) -> Callable[[], None]:
    def read() -> None:
        with ncx.open(url) as device:
            device.load(image_of(CONFIG, 0))
            for _ in range(5):
                device.snapshot()
                device.weights()

    return read


CHIP_WORKS = {"upload": _upload, "run": _run, "read": _read_back}


def _build(folder: Path) -> Callable[[], None]:
    """Make entries of a cache of simulated chips, with tools that only copy."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    (folder / "cache").mkdir(exist_ok=True)
    from neurocorex_sim.cache import cached

    def make(target: Path) -> None:
        target.write_bytes(b"half of it")
        shutil.copy(folder / "in.npz", target)

    def build() -> None:
        for name in ("a.chip", "b.v"):
            if cached(name, "copied", make).read_bytes() != (folder / "in.npz").read_bytes():
                sys.exit("the cache has something else")

    return build
