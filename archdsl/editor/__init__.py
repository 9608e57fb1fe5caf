"""What other tools need to show `.arch` text: a lexer for Pygments."""
