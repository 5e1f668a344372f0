"""Campaign of full disks: each command that writes a file finds no room for it, at every part of the file."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import neurocorex as ncx

from .campaign import Case, SkippedError, Work
from .kills import GROWING, LIMIT_S, OLDER, older_file
from .networks import image_of
from .servers import served, surroundings
from .works import COMMANDS, CONFIG, words_of

#: Exit code of `errors.FileFormatError`.
FILE_ERROR = 4


def _command(kind: str, folder: Path, url: str, limit: int | None) -> subprocess.CompletedProcess[str]:
    """Run a command that can make no file longer than `limit` bytes, which is what a full disk looks like to it."""

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    return subprocess.run(
        [sys.executable, "-m", "neurocorex", *words_of(kind, folder, url), "--json"], capture_output=True, text=True,
        timeout=LIMIT_S, env=surroundings() | {"PYTHONDONTWRITEBYTECODE": "1"}, preexec_fn=limited,
    )  # fmt: skip


def limits(work: Work) -> None:
    """Let each command come to its limit somewhere in its file."""
    with served(CONFIG) as server:
        with ncx.open(server.url) as device:
            device.load(image_of(CONFIG, 0))
        sizes: dict[str, int] = {}
        for number in work.tries():
            kind = list(COMMANDS)[number % len(COMMANDS)]
            with older_file(kind) as folder:
                out = folder / COMMANDS[kind][0]
                if kind not in sizes:
                    done = _command(kind, folder, server.url, None)
                    work.expect(done.returncode == 0, f"{kind} failed with room for it: {done.stderr[-500:]}", number)
                    sizes[kind] = out.stat().st_size
                    _make_older(kind, out)
                limit = work.random(number).randrange(sizes[kind])
                _judge(work, number, kind, folder, _command(kind, folder, server.url, limit), f"{limit} bytes")


def full(work: Work) -> None:
    """Let each command write to a file system without a free byte."""
    with TemporaryDirectory(prefix="fire-") as name, served(CONFIG) as server:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", name], capture_output=True)
        if mounted.returncode:
            raise SkippedError("needs the right to mount a tmpfs")
        try:
            with ncx.open(server.url) as device:
                device.load(image_of(CONFIG, 0))
            for number in work.tries():
                kind = list(COMMANDS)[number % len(COMMANDS)]
                with older_file(kind, Path(name)) as folder:
                    _fill(folder / "ballast")
                    done = _command(kind, folder, server.url, None)
                    (folder / "ballast").unlink()
                    _judge(work, number, kind, folder, done, "a full tmpfs")
        finally:
            subprocess.run(["umount", name], check=True)


def _fill(path: Path) -> None:
    """Leave no byte free on a file system."""
    with path.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def _make_older(kind: str, out: Path) -> None:
    if kind in GROWING:
        out.unlink(missing_ok=True)
    else:
        out.write_bytes(OLDER)


def _judge(
    work: Work, number: int, kind: str, folder: Path, done: subprocess.CompletedProcess[str], where: str
) -> None:
    """See that the error has a type, the older file is as it was, and nothing is left beside it."""
    out = folder / COMMANDS[kind][0]
    what = f"{kind} on {where}"
    if kind == "log":  # the session goes on without it, and says so
        work.expect(done.returncode in (0, FILE_ERROR), f"{what}: exit code {done.returncode}: {done.stderr}", number)
        return
    try:
        code = json.loads(done.stdout)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        code = f"exit code {done.returncode}: {(done.stdout + done.stderr)[-500:]}"
    work.expect((done.returncode, code) == (FILE_ERROR, "file"), f"{what}: {code}", number)
    if kind not in GROWING:
        work.expect(out.read_bytes() == OLDER, f"{what}: the older file has {out.stat().st_size} bytes now", number)
    left = {path.name for path in folder.iterdir()} - {"in.npz", "model.json", out.name}
    work.expect(not left, f"{what}: {', '.join(left)} is left", number)


CASES = [
    Case(
        "disks.limits", "no room somewhere in the file: a typed error, the older file as it was, nothing left",
        "commands", 90, 9, limits, seconds=120,
    ),
    Case("disks.full", "the same on a file system without a free byte", "commands", 18, 3, full, seconds=25),
]  # fmt: skip
