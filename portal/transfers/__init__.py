"""Transfers: how does an attribution or a servicing change hands, and who decides between two claims? Promises: nothing moves
before a second person approved exactly the preview, history stays with the past, and what is disputed waits in suspense."""
