"""The same as fold_duckdb.py by Python's json, line by line."""

import json
import operator

from fold import fold, tell

OTHERS = [
    "logs/exit.jsonl", "logs/exit_attribution.jsonl", "logs/orders.jsonl", "logs/position_reconciliation_v2.jsonl",
    "logs/run.jsonl", "logs/run_once.jsonl", "data/audit_positions_autofix.jsonl",
]
SIGN = {"long": 1, "short": -1, "buy": 1, "sell": -1}


def records(log):
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def shares(record):
    context = record["context"]
    sign = SIGN[context.get("position_side") or context["side"]]
    kind = record["trade_id"].split("_")[0]
    if kind == "open":
        return sign * context["qty"]
    if kind == "scale":
        return -sign * context["qty"]
    if kind == "close":
        return -sign * context["exit_qty"]
    return 0


def book(record):
    return {row["symbol"]: row["qty"] for row in record["alpaca"]["positions"]}


# All spell their moments in one way, which is in the order of time.
rows = [(record["ts"], record["symbol"], shares(record), None) for record in records("logs/attribution.jsonl")]
rows += [(record["ts"], None, None, book(record)) for record in records("state/portfolio_state.jsonl")]
rows.sort(key=operator.itemgetter(0))
answer = fold(row[1:] for row in rows)
for log in OTHERS:
    for record in records(log):
        answer[log] += record.get("ts", record.get("timestamp")) is not None
tell(answer)
