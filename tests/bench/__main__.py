"""`python -m tests.bench [name …]`: measure, print a table, write JSON where asked."""

import argparse
import importlib
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.bench.figures import machine, table

NAMES = ("startup", "switch", "latency", "ingest", "records", "oee", "walls", "traces")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[*NAMES, []], metavar="name", help=", ".join(NAMES)
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--soak", action="store_true", help="walls for 15 minutes, for its memory")
    parser.add_argument(
        "--strict", action="store_true", help="exit with 1 where a target is missed"
    )
    told = parser.parse_args()
    found = {"machine": machine(), "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    print(
        " · ".join(f"{k} {v}" for k, v in found["machine"].items() if k != "packages"), flush=True
    )
    results = []
    for name in told.names or NAMES:
        module = importlib.import_module(f"tests.bench.{name}")
        result = module.run(soak=True) if told.soak and name == "walls" else module.run()
        results.append(result)
        print(table(result), flush=True)
    if told.json:
        found["results"] = [asdict(result) for result in results]
        told.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    missed = any(f.met is False for r in results for f in r.series)
    return int(told.strict and missed)


if __name__ == "__main__":
    sys.exit(main())
