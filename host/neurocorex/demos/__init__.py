"""Complete jobs: data, a network that was trained for it, and an honest figure at the end."""
