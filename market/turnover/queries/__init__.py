"""Reading figures, the lines behind them, and the thread from a figure back to the need."""
