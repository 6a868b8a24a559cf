-- The least that DuckDB can be asked for: the shares that are left of each symbol, in no order of time, and the records of each log. Paths are
-- below the bot's directory.
with
side(spelt, sign) as (values ('long', 1), ('short', -1), ('buy', 1), ('sell', -1)),
moved as (
    select
        symbol,
        case split_part(trade_id, '_', 1)
            when 'open' then context.qty
            when 'scale' then -context.qty
            when 'close' then -context.exit_qty
            else 0
        end * sign as shares
    from read_json('logs/attribution.jsonl', format = 'newline_delimited', columns = {
        trade_id: 'VARCHAR', symbol: 'VARCHAR',
        context: 'STRUCT(side VARCHAR, position_side VARCHAR, qty DOUBLE, exit_qty DOUBLE)'
    }) join side on spelt = coalesce(context.position_side, context.side)
),
record as (
    select filename, coalesce(ts, "timestamp") as stamp
    from read_json(
        ['logs/exit.jsonl', 'logs/exit_attribution.jsonl', 'logs/orders.jsonl', 'logs/position_reconciliation_v2.jsonl',
         'logs/run.jsonl', 'logs/run_once.jsonl', 'data/audit_positions_autofix.jsonl', 'state/portfolio_state.jsonl'],
        format = 'newline_delimited', filename = true, columns = {ts: 'VARCHAR', "timestamp": 'VARCHAR'}
    )
)
select 'left of ' || symbol as what, sum(shares)::bigint as amount from moved group by all
union all select 'logs/attribution.jsonl', count(*) from moved
union all select filename, count(stamp) from record group by all
order by what;
