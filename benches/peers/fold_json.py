"""What fold.sql asks for, with Python's json: line by line, in the bot's directory."""

import collections
import json

LOGS = [
    "logs/exit.jsonl", "logs/exit_attribution.jsonl", "logs/orders.jsonl", "logs/position_reconciliation_v2.jsonl",
    "logs/run.jsonl", "logs/run_once.jsonl", "data/audit_positions_autofix.jsonl", "state/portfolio_state.jsonl",
]
SIGN = {"long": 1, "short": -1, "buy": 1, "sell": -1}


def moved(record):
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


answer = collections.Counter()
with open("logs/attribution.jsonl", encoding="utf-8") as lines:
    for line in lines:
        record = json.loads(line)
        answer["left of " + record["symbol"]] += moved(record)
        answer["logs/attribution.jsonl"] += 1
for log in LOGS:
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            answer[log] += 1 if record.get("ts", record.get("timestamp")) is not None else 0
for what, amount in sorted(answer.items()):
    print(f"{what},{amount}")
