"""The loop, its state and history, points, weights, stopping, the strategy, and the estimate of the error."""
