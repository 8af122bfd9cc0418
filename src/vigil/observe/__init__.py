"""Observe: hear of a problem, from others or by looking, and know whether it is a new one."""
