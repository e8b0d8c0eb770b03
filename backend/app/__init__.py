"""The product. Loading it makes a million objects that stay: looking among them for what has gone takes a fourth of it.

So that is done seldom meanwhile, and in short-lived commands. Those that go on for long call `loaded`.
"""

import gc

_USUAL = gc.get_threshold()
_SELDOM = 200_000
gc.set_threshold(_SELDOM)


def loaded() -> None:
    """What is there now stays, and nobody looks through it again; from now on what goes is looked for as usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL)
