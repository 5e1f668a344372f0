"""Doctor: examines the line to a device, the baud rates that it holds, and its memories."""
