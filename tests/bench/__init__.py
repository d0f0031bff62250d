"""Measurements of the whole pipeline on this machine: `make bench`, never part of the tests."""
