"""A second mind: the firm's books worked out slowly and plainly from the rules, to hold the portal's books against."""
