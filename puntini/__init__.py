"""Puntini serves AI agents as durable event streams: follow them live, drop out, come back and miss nothing."""

__version__ = "0.1.0"
