"""Plays of people with the demo's page, in a real browser."""
