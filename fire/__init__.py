"""Campaigns that try to break NeuroCoreX: damage, resets, kills, strange frames and files, and clients that misbehave."""
