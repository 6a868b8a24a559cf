-- The records of the logs that the fold does not ask for, each of which is parsed all the same.
select filename, count(coalesce(ts, "timestamp"))
from read_json(
    ['logs/exit.jsonl', 'logs/exit_attribution.jsonl', 'logs/orders.jsonl', 'logs/position_reconciliation_v2.jsonl',
     'logs/run.jsonl', 'logs/run_once.jsonl', 'data/audit_positions_autofix.jsonl'],
    format = 'newline_delimited', filename = true, columns = {ts: 'VARCHAR', "timestamp": 'VARCHAR'}
)
group by all;
