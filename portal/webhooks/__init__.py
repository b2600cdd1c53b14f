"""Webhooks: what do other systems of the firm have to know of what happened here, and did it come to them?

Promises: an event is written in the transaction of what it tells of; it comes to every endpoint that wants it at least once, under one
number however often; it names nobody; and no address is spoken to that the firm's own network hides.
"""
