"""The pages across rooms."""
