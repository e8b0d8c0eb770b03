"""The library of shared resources."""

from app.module import Module
from app.modules.library import tables

assert tables  # importing them is what declares them

MODULE = Module(name="library", summary="A library of shared resources", schema="library")
