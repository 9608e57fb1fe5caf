"""`python -m archdsl` is `archdsl`."""

import sys

from archdsl.cli.main import main

sys.exit(main())
