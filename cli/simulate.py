"""`takt simulate`: play the demo plant with real OPC UA and Modbus servers."""

import logging
from pathlib import Path

from cli.role import begin, until_ended
from cli.settings import settings, trace_of
from simulator.play import run


def main(path: Path) -> int:
    begin("simulate")
    config = settings(path)
    if config.simulator is None:
        logging.error("%s has no [simulator]", path.name)
        return 2
    truth = config.data_dir / config.simulator.truth_log
    try:
        return until_ended(run(config.simulator, truth_dir=truth, trace=trace_of(config)))
    except OSError as error:  # its addresses are taken: a person must act, no traceback helps
        logging.error("%s", error)
        return 1
