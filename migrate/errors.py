"""What can go wrong in a way that a person can mend."""


class SetupError(Exception):
    """Something around the run is not as it must be; the message says what and what to do. Exit code 2."""
