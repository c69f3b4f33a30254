"""Checks Python source against the policy's rules for code. It reads syntax and runs nothing."""
