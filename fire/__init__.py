"""Campaigns that try to break NeuroCoreX: damage, resets, kills, strange frames and files, clients that misbehave."""
