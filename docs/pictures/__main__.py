"""Pictures of the README, drawn anew as SVG: `python docs/pictures [FOLDER]`, or `make pictures`."""

import sys
from pathlib import Path

import diagram
import matplotlib as mpl
import raster

HERE = Path(__file__).parent
#: Text stays text, and the same picture gives the same bytes.
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "neurocorex", "font.family": "sans-serif", "font.size": 9}


def main(folder: Path = HERE) -> None:
    """Write the pictures into a folder."""
    with mpl.rc_context(STYLE):
        for name, module in (("raster", raster), ("diagram", diagram)):
            module.draw().savefig(folder / f"{name}.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
