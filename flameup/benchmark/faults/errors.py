class Unavailable(Exception):
    """A fault cannot be tried on this machine, and why."""
