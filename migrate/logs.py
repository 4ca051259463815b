"""Structured logs: one JSON line per event in `<home>/logs/migrate.jsonl`, so that the screen stays for people."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

import structlog
from structlog.typing import Processor

FILE_BYTES = 10_000_000
FILES_KEPT = 5


def configure(home: Path) -> None:
    """Send every event of this process, and the libraries' warnings, to the log file."""
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(folder / "migrate.jsonl", maxBytes=FILE_BYTES, backupCount=FILES_KEPT)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(),
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    own = logging.getLogger("migrate")
    own.handlers, own.propagate = [handler], False
    own.setLevel(logging.INFO)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=lambda *_: own,
        wrapper_class=structlog.stdlib.BoundLogger,
    )
