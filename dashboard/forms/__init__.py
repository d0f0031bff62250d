"""Screens on which people act by plain forms: each is sent, done, and answered by a redirect."""
