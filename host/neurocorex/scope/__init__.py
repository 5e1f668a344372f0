"""Live scope: a network that runs in short blocks while it is watched and changed, and its page in a browser."""
