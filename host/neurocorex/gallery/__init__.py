"""Gallery: published systems, each one file of `examples/gallery` that runs, measures itself, and draws a picture.

A file of the gallery has a docstring whose first line is its title, and four names:

- ``ABOUT``, an `About`: where it was published, what is idealised;
- ``first(device)``, the part that is the same on every device: it loads one network, and returns arrays of what the
  chip said;
- ``measure(device, quick)``, all of it, or a small version: it returns an `Outcome`;
- ``draw(outcome)``, the picture.

A system that reads data which are not shipped takes their folder as ``first(device, data)`` and
``measure(device, quick, data)``, and the last paragraph of its docstring says where to get them. Without them (None)
it runs on what it makes up, and says so in each of its figures.

`load` reads one of them, `names` lists them, and `measured` returns what the last ``make gallery`` has found.
"""

from .catalogue import System, folder, load, measured, names, write
from .finding import About, Finding, Outcome

__all__ = ["About", "Finding", "Outcome", "System", "folder", "load", "measured", "names", "write"]
