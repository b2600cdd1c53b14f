"""Channels: what does each way of winning clients cost and bring? Promises: every figure names its month, its attribution rule
and the list behind it."""
