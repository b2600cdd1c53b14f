"""Identity: who is this person, and is it still he? Promises: a password or second factor works only as often and as long
as it may, leaving or losing a role takes effect at the very next request, and nothing tells a stranger who has a sign-in."""
