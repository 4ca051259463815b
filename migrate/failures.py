"""One clear message for whatever ended a command."""

import errno
import os
import traceback

from migrate.errors import SetupError

NO_SPACE = "No space left on device"


def explain(error: BaseException) -> str:
    """Say what happened and what to do; the traceback is added when MIGRATE_TRACEBACK is set."""
    message = _message(error)
    if "127.0.0.1" in message and "cannot be reached" in message:
        message += " A stand-in is started with `migrate sandbox up`."
    if os.environ.get("MIGRATE_TRACEBACK"):
        message += "\n" + "".join(traceback.format_exception(error))
    return message


def outline(error: BaseException) -> str:
    """Say what happened in words that may leave this machine: our own, or else only the kind of error."""
    return str(error) if _is_ours(error) else type(error).__name__


def _message(error: BaseException) -> str:
    for cause in chain(error):
        if NO_SPACE in str(cause) or getattr(cause, "errno", None) == errno.ENOSPC:
            return (
                "The disk is full. Free some space and run the command again; it continues where it stopped."
            )
    if _is_ours(error):
        return str(error)
    return f"{type(error).__name__}: {error} (set MIGRATE_TRACEBACK=1 for the traceback)"


def _is_ours(error: BaseException) -> bool:
    package = type(error).__module__.split(".")[0]
    return isinstance(error, SetupError) or package in {"extract", "load", "warehouse"}


def chain(error: BaseException | None) -> list[BaseException]:
    """Give an exception and those that led to it."""
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes
