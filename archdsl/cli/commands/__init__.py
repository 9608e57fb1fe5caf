"""One command a file: `add_arguments` describes it to argparse, `run` does it and returns the exit code."""
