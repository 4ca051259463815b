"""placeholder"""
from pathlib import Path
from fakesnow.instance import FakeSnow
class Warehouse(FakeSnow):
    def __init__(self, home: Path) -> None:
        super().__init__(db_path=home)
