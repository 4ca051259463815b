"""Intercom as a target: attributes, people, companies, tags, notes, tickets, and the way back."""

from load.intercom.target import Intercom

__all__ = ["Intercom"]
