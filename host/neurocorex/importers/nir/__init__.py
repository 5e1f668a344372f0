"""NIR, the Neuromorphic Intermediate Representation: graphs and recorded spikes, in and out.

What needs h5py is loaded when it is first used, and named if it is missing.
"""

from .events import read_spikes, write_spikes
from .export import to_nir
from .imported import Imported
from .importing import from_nir
from .options import PRODUCERS, Options

__all__ = ["PRODUCERS", "Imported", "Options", "from_nir", "read_spikes", "to_nir", "write_spikes"]
