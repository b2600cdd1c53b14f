"""Gateways: the only files that speak to what is outside. What they promise is small enough to be missing: the portal runs on without them."""
