"""Bytes in, facts out; facts in, findings out. No network, no clock, no configuration, no logging."""
