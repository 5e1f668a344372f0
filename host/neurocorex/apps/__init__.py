"""Applications: networks that do one job, behind the words of that job."""

from .connectome import Connectome
from .memory import RECALL_STEPS, STORE_STEPS, Find, Memory, Operation, Recall, Store

__all__ = ["RECALL_STEPS", "STORE_STEPS", "Connectome", "Find", "Memory", "Operation", "Recall", "Store"]
