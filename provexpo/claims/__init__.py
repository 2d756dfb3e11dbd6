"""The ledger of published statements, and the checker that computes each of them."""
