"""Partners: who are the firm's branches, staff and brokers, and what holds for each broker on each day? Promises: every
status, licence, upline and relation is a dated span, none is edited, and no broker is above himself on any day."""
