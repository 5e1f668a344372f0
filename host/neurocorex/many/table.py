"""Table of the rows of a sweep: a list of dicts that other libraries, files and notebooks take."""

from __future__ import annotations

import csv
import io
import os
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import MissingToolError
from ..files import write_text

if TYPE_CHECKING:
    from pandas import DataFrame

Row = dict[str, Any]
#: Rows that a notebook shows: the first ones.
SHOWN = 20


class Table(list[Row]):
    """Rows of a sweep, each a dict of names to values; a list like any other.

    Attributes
    ----------
    columns : list of str
        Names of all values, in the order in which they first appear.
    """

    @property
    def columns(self) -> list[str]:
        """Names of all values, in the order in which they first appear."""
        return list(dict.fromkeys(name for row in self for name in row))

    def to_dataframe(self) -> DataFrame:
        """Return a DataFrame of pandas, a line for each row; raises MissingToolError if pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise MissingToolError("a DataFrame needs pandas; install it: pip install 'neurocorex[data]'") from None
        frame: DataFrame = pandas.DataFrame(list(self), columns=self.columns)
        return frame

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write a CSV file: a line of names, then one for each row, empty where a row lacks a value.

        Raises
        ------
        FileFormatError
            If the file cannot be written.
        """
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self)
        write_text(os.fspath(path), text.getvalue())

    def _repr_html_(self) -> str:
        names = self.columns
        head = "".join(f"<th>{escape(str(name))}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(row.get(name, '')))}</td>" for name in names) + "</tr>"
            for row in self[:SHOWN]
        )
        more = f"<p>... and {len(self) - SHOWN} rows more</p>" if len(self) > SHOWN else ""
        return f"<div><strong>{len(self)} rows</strong><table><tr>{head}</tr>{rows}</table>{more}</div>"
