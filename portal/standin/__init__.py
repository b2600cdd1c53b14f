"""A stand-in for Stripe, for a demonstration and for tests: the few endpoints that the portal uses, answered over HTTP to Stripe's own
library. It is an application of its own with a file of its own, and knows nothing of the portal's tables.

It keeps what Stripe keeps to: idempotency keys (the same key with other parameters is an error, a repetition gets the stored answer),
refunds that never exceed what was paid, signed webhooks that come again until they are heard, and on demand twice, late, forged or
out of order. `portal/gateways/stripe.py` refuses a live key beside it.
"""
