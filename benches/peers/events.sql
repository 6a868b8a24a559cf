-- What the fold of DuckDB is given, in the order of time: the shares that the bot's own account moves, and the broker's books. Paths are below the
-- bot's directory.
with
side(spelt, sign) as (values ('long', 1), ('short', -1), ('buy', 1), ('sell', -1)),
moved as (
    select
        ts, symbol,
        case split_part(trade_id, '_', 1)
            when 'open' then context.qty
            when 'scale' then -context.qty
            when 'close' then -context.exit_qty
            else 0
        end * sign as shares
    from read_json('logs/attribution.jsonl', format = 'newline_delimited', columns = {
        ts: 'TIMESTAMPTZ', trade_id: 'VARCHAR', symbol: 'VARCHAR',
        context: 'STRUCT(side VARCHAR, position_side VARCHAR, qty DOUBLE, exit_qty DOUBLE)'
    }) join side on spelt = coalesce(context.position_side, context.side)
),
book as (
    select ts, alpaca.positions as positions
    from read_json('state/portfolio_state.jsonl', format = 'newline_delimited', columns = {
        ts: 'TIMESTAMPTZ', alpaca: 'STRUCT(positions STRUCT(symbol VARCHAR, qty DOUBLE)[])'
    })
)
select ts, symbol, shares, null as symbols, null as quantities from moved
union all
select ts, null, null, list_transform(positions, lambda row: row.symbol), list_transform(positions, lambda row: row.qty)
from book
order by ts;
