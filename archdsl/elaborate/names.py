from archdsl.elaborate.program import Environment
from archdsl.diagnostics import Problems
def check_names(environment: Environment, problems: Problems) -> None:
    pass
