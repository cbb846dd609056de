"""What bench/run and bench/guard share: the programs under measurement, the origin behind them, load, and tables."""
