"""`pip install atheris`, then `python -m tests.fuzz at_files --runs 1000000 [--seconds 600]`: a parser under fire, led by what its code does.

Atheris is no part of the tests; tests/fuzz/test_targets.py keeps the targets alive without it. What breaks a parser is kept as
crash-… in the folder that `--kept` names; `python -m tests.fuzz at_files --again FILE` throws it once more.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Read the command line and throw."""
    import atheris

    with atheris.instrument_imports(include=["portal"]):
        from tests.fuzz.targets import TARGETS

    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz")
    arguments.add_argument("target", choices=sorted(TARGETS))
    arguments.add_argument("--runs", type=int, default=1_000_000)
    arguments.add_argument("--seconds", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--kept", type=Path, default=Path("instance/fuzz"))
    arguments.add_argument("--again", type=Path)
    asked = arguments.parse_args()
    target = TARGETS[asked.target]
    if asked.again:
        target.throw(asked.again.read_bytes())
        return
    corpus = asked.kept / asked.target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-runs={asked.runs}", f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", "-timeout=20", "-rss_limit_mb=2048", f"-artifact_prefix={asked.kept}/"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.throw)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
