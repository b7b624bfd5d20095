"""Audit events: who did what to which record, and when. Written by every service that writes."""
