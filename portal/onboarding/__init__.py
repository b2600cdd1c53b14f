"""Onboarding: how does a person become an introducing broker, and what of his is about to lapse? Promises: nobody is active
without documents, licence, training, declaration, test, agreement and a second person."""
