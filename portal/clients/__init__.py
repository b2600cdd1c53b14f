"""Clients: who holds which trading account, and who of the staff looks after it? Promises: account numbers are text, phone
and ID numbers are sealed, and what was known of an account earlier stays readable."""
