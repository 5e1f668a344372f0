"""Examines a device: the way to it, the rates that it holds, and its memories."""
