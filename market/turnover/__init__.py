"""The ledger of registered contracts, its counters, the figures and the targets they are held against."""
