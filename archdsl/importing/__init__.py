"""Block strings and configurations of other libraries as text of the language."""
