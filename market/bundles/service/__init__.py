"""Writing bundles, subscriptions and what is sent to subscribers."""
