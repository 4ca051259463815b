"""How each client is installed and run, on the same pages: environments of their own, made once and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import measure
from benchmarks.extract.org import Org
from benchmarks.measure import Run

SCRIPTS = Path(__file__).parent / "peers"
SIMPLE = ("simple-salesforce", "pandas")
# For clients that need ten minutes of CPU and more for a million rows; their cost grows with the rows.
FEW = 200_000


@dataclass(frozen=True, slots=True)
class Peer:
    """A client of Python's registry: what pip installs, its script, and how many rows it is given at most.

    `way` is how the script is to use it. With the same packages it is the same environment.
    """

    name: str
    packages: tuple[str, ...]
    script: str
    most_rows: int = 1_000_000
    way: str = ""

    def run(self, org: Org, home: Path, page_rows: int, *, digest: bool = False) -> Run:
        """Let it take the object from the org, in pages of so many where it can be told."""
        env = {
            "SF_STANDIN": org.url,
            "SF_TOKEN": org.token,
            "SF_SOQL": org.soql(),
            "SF_PAGE_ROWS": str(page_rows),
            "SF_DIGEST": "1" if digest else "",
            "SF_WAY": self.way,
            "PYTHONPATH": str(SCRIPTS / "shim"),
        }
        python = _environment(home / self.name.partition(":")[0], self.packages)
        return measure.run([python, SCRIPTS / self.script], env)


@dataclass(frozen=True, slots=True)
class Cli:
    """The Salesforce CLI, from npm with a Node of its own; what its file holds is summed up by a script."""

    name: str = "sf-cli"
    most_rows: int = 1_000_000

    def run(self, org: Org, home: Path, page_rows: int, *, digest: bool = False) -> Run:
        """Let it export the object into a file, in pages as the org cuts them."""
        del page_rows
        env, output = self._prepared(org, home / self.name), home / self.name / "out.csv"
        output.unlink(missing_ok=True)
        query = ["-q", org.soql(), "--all-rows", "-w", "30", "--output-file", str(output), "-r", "csv"]
        done = measure.run(["sf", "data", "export", "bulk", "-o", "bench", *query], env)
        if not digest or done.code:
            return done
        asked = {"SF_STANDIN": org.url, "SF_TOKEN": "", "SF_SOQL": org.soql(), "SF_PAGE_ROWS": "0"}
        return measure.run([sys.executable, SCRIPTS / "sf_cli.py", output], asked)

    def _prepared(self, org: Org, home: Path) -> Mapping[str, str]:
        """Install it, and let it log in to the org."""
        programs = home / "node_modules" / ".bin"
        if not (programs / "sf").exists():
            home.mkdir(parents=True, exist_ok=True)
            packages = ["node@24", "@salesforce/cli@2"]
            _quietly(["npm", "install", "--no-audit", "--no-fund", "--prefix", home, *packages])
        env = {
            "HOME": str(home),
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "SF_ACCESS_TOKEN": org.token,
            "SF_DISABLE_TELEMETRY": "true",
            "SF_AUTOUPDATE_DISABLE": "true",
            "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        }
        login = ["sf", "org", "login", "access-token", "-r", org.url, "--no-prompt", "-a", "bench"]
        _quietly(login, {**os.environ, **env})
        return env


ALL: tuple[Peer | Cli, ...] = (
    *(
        Peer(f"simple-salesforce:{way}", SIMPLE, "simple_salesforce_bulk.py", way=way)
        for way in ("text", "download", "csv", "pandas")
    ),
    Peer("aio-sf", ("aio-sf==0.1.0b14", "httpx<1", "pyarrow", "pandas"), "aio_sf_rows.py"),
    Peer("lht", ("lht[snowflake]",), "lht_sync.py"),
    Peer("airbyte", ("airbyte-source-salesforce",), "airbyte_read.py", FEW),
    Peer("tap-salesforce:rest", ("tap-salesforce",), "singer_tap.py", FEW),
    Cli(),
)
PEERS: Mapping[str, Peer | Cli] = {each.name: each for each in ALL}


def _environment(home: Path, packages: Sequence[str]) -> Path:
    """Give the Python of an environment with the packages."""
    python = home / "bin" / "python"
    if not (home / "installed").exists():
        shutil.rmtree(home, ignore_errors=True)
        _quietly([sys.executable, "-m", "venv", home])
        _quietly([python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages])
        (home / "installed").touch()
    return python


def _quietly(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    subprocess.run([str(each) for each in command], env=env, check=True, capture_output=True)
