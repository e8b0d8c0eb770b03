"""The version of this product."""

from importlib.metadata import version

VERSION = version("relais")
