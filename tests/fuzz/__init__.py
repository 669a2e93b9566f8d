"""Odd bytes for the readers of what others send, made by a coverage-guided fuzzer."""
