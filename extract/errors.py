"""What can go wrong while copying; every message says which object and what to do, never a record's value."""


class ExtractError(RuntimeError):
    """One object could not be copied whole; nothing of it was changed in the warehouse."""


class LoginError(ExtractError):
    """The vendor did not accept the credentials."""


class BudgetExhausted(ExtractError):  # noqa: N818 - a state of the account, not a fault
    """The vendor's allowance for the day is used up; what was finished before is kept."""
