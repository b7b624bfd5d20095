"""What must be set before anything else is loaded: one core for each process, files in memory."""

import os
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Bytes that one run needs at most."""


def _memory_serves() -> bool:
    """Tell whether the machine has a file system in memory that holds a run and may hold programs."""
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


# Read when numpy and torch are loaded. The processes of a run would wait for each other's cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Hundreds of databases and snapshots are made, and none outlives the run: no disk is worth waiting for.
if "TMPDIR" not in os.environ and _memory_serves():
    os.environ["TMPDIR"] = str(MEMORY)
