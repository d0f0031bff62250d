"""Wires screens to live data: the Dash app, live push, the API and the health of the process."""
