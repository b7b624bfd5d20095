"""`python -m matching`: build, ask and measure an index from files."""

import sys

from matching.cli import main

sys.exit(main())
