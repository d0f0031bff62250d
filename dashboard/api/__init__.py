"""/api/v1: the digits behind the screens and the records, as JSON. One error shape for all that fails.

Every endpoint asks for its right at the path concerned; what lies outside of somebody's scope is not
listed, and answers as if it were not there.
"""

from fastapi import FastAPI

from dashboard.api import (
    audit,
    description,
    downtime,
    errors,
    flow,
    last_seen,
    log,
    maintenance,
    methods,
    oee,
    records,
    timeline,
    work_units,
)
from dashboard.api.description import _docs
from dashboard.doorway import Doorway
from dashboard.hub import Hub

__all__ = ["_docs", "register"]


def register(server: FastAPI, hub: Hub, doorway: Doorway) -> None:
    """Add the routes. What is added to `server` below /api/ after this is not found."""
    work_units.register(server, hub)
    timeline.register(server, hub, doorway.desk)
    oee.register(server, hub, doorway.desk)
    downtime.register(server, hub, doorway.desk)
    maintenance.register(server, hub, doorway.desk)
    flow.register(server, hub, doorway.desk)
    records.register(server, hub.plant, doorway)
    last_seen.register(server, hub.plant, doorway)
    log.register(server, hub.plant, doorway.desk)
    audit.register(server, doorway.desk, hub.plant)
    description.register(server)
    methods.register(server)
    errors.register(server)
