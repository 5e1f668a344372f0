"""TCP server in front of one chip: who may use it, who waits, who watches; and what a watcher sees."""
