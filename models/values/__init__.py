"""Values: money, rates, months and spans. Standard library only; true of numbers alone."""
