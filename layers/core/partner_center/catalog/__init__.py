"""What a reseller can buy: products and their prices, the agreement behind them, and whom to call."""
