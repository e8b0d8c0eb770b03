"""The library of shared resources."""

from app.module import Module

MODULE = Module(name="library", summary="A library of shared resources", schema="library")
