"""The demo company: a Salesforce org's data with known truth and known dirt, made from a seed."""

from sandbox.company.dirt import CLEAN, KINDS, Defect, Dirt
from sandbox.company.generate import Summary, generate

__all__ = ["CLEAN", "KINDS", "Defect", "Dirt", "Summary", "generate"]
