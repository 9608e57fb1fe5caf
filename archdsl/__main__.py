"""`python -m archdsl` is `archdsl`."""

import sys

from archdsl.cli.entry import main

sys.exit(main())
