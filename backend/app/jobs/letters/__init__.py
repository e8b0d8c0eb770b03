"""What messages say, in French and English, as text and HTML.

There is no template language: a letter is a few sentences whose `{names}` are filled in. Values are bounded and
calmed, and escaped where they meet HTML (`rendering.py`); sentences whose values nobody told are left out.
"""

from app.jobs.letters.composing import Facts, compose, domain_of
from app.jobs.letters.rendering import TEMPLATES, WITH_SECRET, Rendered, Unreadable, render
from app.jobs.letters.site import PATHS, Site

__all__ = [
    "PATHS",
    "TEMPLATES",
    "WITH_SECRET",
    "Facts",
    "Rendered",
    "Site",
    "Unreadable",
    "compose",
    "domain_of",
    "render",
]
