"""How often a server's process looks for garbage that reference counts do not free."""

import gc

# Of new objects that are still alive: a few thousand events under way are no garbage, and to
# look through them again and again took nearly half of the time that batches took.
_THRESHOLDS = (50_000, 20, 50)


def collect_rarely() -> None:
    """Leave out whatever is loaded by now, and look at the rest more rarely than Python does.

    A full collection of all that Django loads stops every thread for tens of
    milliseconds. Call it once, when the process is about to serve.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
