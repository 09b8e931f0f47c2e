"""Where the server is to run: in a container or not, with how many open files."""

import resource
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

CONTAINER_SIGNS = ("/.dockerenv", "/run/.containerenv")
KUBERNETES = "KUBERNETES_SERVICE_HOST"


class Place(Struct, frozen=True):
    """What there is to know of it before anything is looked at. ``open_files`` is the limit of the process."""

    container: bool = False
    kubernetes: bool = False
    open_files: int = 1 << 20


def this_place(environ: Mapping[str, str]) -> Place:
    """Where this process is. It is taken for where the server will be."""
    kubernetes = KUBERNETES in environ
    return Place(
        container=kubernetes or any(Path(sign).exists() for sign in CONTAINER_SIGNS),
        kubernetes=kubernetes,
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    )
