"""Tests run in several processes at once, so each keeps to one core: read before numpy and torch are loaded."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
