"""Picture: a figure that belongs to no window and shows itself in a notebook. Importing this loads matplotlib."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """Figure of matplotlib that a notebook shows as PNG, whether or not ``%matplotlib inline`` was said.

    A notebook asks only one of the two ways to show an object, so nothing appears twice; and pyplot, which shows all
    figures at the end of a cell, does not know this one.
    """

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()
