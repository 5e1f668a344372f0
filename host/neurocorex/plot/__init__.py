"""Pictures of spikes, membranes, weights and classifiers; matplotlib is loaded when the first one is drawn."""

from .classifier import confusion as confusion
from .classifier import learning_curve as learning_curve
from .matrices import weight_change as weight_change
from .matrices import weights as weights
from .pictures import membranes as membranes
from .pictures import raster as raster
from .plasticity import weight_histogram as weight_histogram
from .plasticity import weights_over_time as weights_over_time
from .receptive import fields as fields
from .windows import learning_window as learning_window
from .windows import learning_windows as learning_windows
