"""bakehouse turns recipes into relocatable, verified, reproducible conda packages."""

__version__ = "0.1.0"
