"""The fold of the peers: what the bot's own account moves, and each of the broker's books held against what is left by then."""

import collections


def fold(rows):
    """Folds rows in the order of time, each either a symbol and its shares, or a book. Gives the answer, but for the other logs."""
    held, seen, answer = collections.defaultdict(float), set(), collections.Counter({"books that part": 0})
    for symbol, shares, book in rows:
        if book is None:
            seen.add(symbol)
            held[symbol] += shares
            if not held[symbol]:
                del held[symbol]
            answer["logs/attribution.jsonl"] += 1
        else:
            answer["books that part"] += book != held
            answer["state/portfolio_state.jsonl"] += 1
    for symbol in seen:
        answer["left of " + symbol] = int(held.get(symbol, 0))
    return answer


def tell(answer):
    for what, amount in sorted(answer.items()):
        print(f"{what},{amount}")
