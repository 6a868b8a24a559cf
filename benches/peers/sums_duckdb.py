"""Runs sums.sql with DuckDB's Python package, on as many threads as there are cores, in the bot's directory."""

import pathlib
import sys

import duckdb

for what, amount in duckdb.sql(pathlib.Path(sys.argv[1]).read_text()).fetchall():
    print(f"{what},{amount}")
