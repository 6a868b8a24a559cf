"""Which of the broker's books part from the bot's own account, by DuckDB and a fold, in the bot's directory: DuckDB reads and orders, on as many
threads as there are cores."""

import pathlib

import duckdb

from fold import fold, tell


def asked(name):
    statement = (pathlib.Path(__file__).parent / name).read_text()
    return duckdb.sql(statement.rstrip().rstrip(";")).fetchall()


answer = fold(
    (symbol, shares, None if symbols is None else dict(zip(symbols, quantities)))
    for _, symbol, shares, symbols, quantities in asked("events.sql")
)
answer.update(dict(asked("counts.sql")))
tell(answer)
