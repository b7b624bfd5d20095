"""Technical contracts: application, review, registration, change, cancellation, revocation."""
