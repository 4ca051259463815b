"""What an error of the connector means, asked without importing the connector: that takes 90 MB and half a second."""

import sys

# The class of SQLSTATE for a connection that failed.
CONNECTION_EXCEPTION = "08"


def is_refusal(error: Exception) -> bool:
    """Say whether the warehouse answered, and refused the statement."""
    return _is(error, "ProgrammingError") and not _state(error).startswith(CONNECTION_EXCEPTION)


def is_out_of_reach(error: Exception) -> bool:
    """Say whether the warehouse did not answer, or not to this session."""
    return _is(error, "Error") and not is_refusal(error)


def _is(error: Exception, name: str) -> bool:
    # An error of the connector is only there when the connector is.
    errors = sys.modules.get("snowflake.connector.errors")
    return errors is not None and isinstance(error, getattr(errors, name))


def _state(error: Exception) -> str:
    return str(getattr(error, "sqlstate", ""))
