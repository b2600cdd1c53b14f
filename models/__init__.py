"""FACTS: every table of the portal, on one floor below all rooms. Imports nothing from portal/ and knows no web."""

from models import attribution, audit, clients, commission, identity, jobs, partners, settlement
from models.base import Base, db

__all__ = ["Base", "attribution", "audit", "clients", "commission", "db", "identity", "jobs", "partners", "settlement"]
