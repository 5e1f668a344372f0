"""Ways for bytes to reach a chip: a serial port or socket, a child process, or a call inside this process."""

from .base import Transport
from .port import SerialTransport
from .process import ProcessTransport
from .virtual import VirtualTransport

__all__ = ["ProcessTransport", "SerialTransport", "Transport", "VirtualTransport"]
