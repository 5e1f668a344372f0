"""NIR, the Neuromorphic Intermediate Representation: import and export of graphs and of recorded spikes.

h5py is loaded when a file is first read or written; without it that is a MissingToolError.
"""

from .events import read_spikes, write_spikes
from .export import to_nir
from .imported import Imported
from .importing import from_nir
from .options import Options
from .producers import PRODUCERS

__all__ = ["PRODUCERS", "Imported", "Options", "from_nir", "read_spikes", "to_nir", "write_spikes"]
