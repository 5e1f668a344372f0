"""Make a release in a folder: wheel, sdist, and the bitstreams of boards with their manifest.

    python tools/release.py                     all boards that open tools can build for
    python tools/release.py icebreaker          these only

Everything is made beside the folder and moved there at the end. A board that fails leaves the rest, and the exit code
is 1 then. Files of an older release are removed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from neurocorex.errors import NeuroCoreXError
from neurocorex.fpga import manifest, release
from neurocorex.fpga.boards import BOARDS, find_board

ROOT = Path(__file__).resolve().parent.parent
#: Names of the files of a release in its folder.
OURS = ("neurocorex-*", manifest.NAME)


def main(words: list[str] | None = None) -> int:
    """Make the release that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(description="Make wheel, sdist and bitstreams.")
    parser.add_argument("boards", nargs="*", metavar="BOARD", help="boards; by default all that open tools can build")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the release")
    parser.add_argument("--bitstreams", action="store_true", help="leave wheel and sdist out")
    options = parser.parse_args(words)
    try:
        boards = [find_board(name) for name in options.boards] or [b for b in BOARDS.values() if b.family.routable]
    except NeuroCoreXError as error:
        parser.error(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".release-", dir=options.out.parent))
    try:
        if not options.bitstreams:
            subprocess.run([sys.executable, "-m", "build", "--outdir", str(made), str(ROOT)], check=True)
        failed = release.make(boards, made, say=lambda line: print(line, file=sys.stderr, flush=True))
        move(made, options.out)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    for name, reason in failed.items():
        print(f"release: no bitstream for {name}: {reason}", file=sys.stderr)
    print("\n".join(sorted(str(path) for pattern in OURS for path in options.out.glob(pattern))))
    return 1 if failed else 0


def move(made: Path, out: Path) -> None:
    """Move what was made to its folder, the manifest last, and remove what an older release left there."""
    out.mkdir(exist_ok=True)
    new = sorted((path for path in made.iterdir() if path.is_file()), key=lambda path: path.name == manifest.NAME)
    names = {path.name for path in new}
    for pattern in OURS:
        for old in out.glob(pattern):
            if old.name not in names and old.is_file():
                old.unlink()
    for path in new:
        os.replace(path, out / path.name)


if __name__ == "__main__":
    sys.exit(main())
