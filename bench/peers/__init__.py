"""The engine and other search systems side by side: the same listings, vectors, words and questions for all.

`python -m bench.peers` runs them, each in child processes of its own. `prepared` makes what all of them get,
`child` measures one of them, `running` starts the children, and every system stands in a module of its own.
"""
