"""Code tables: regions, parks, and every list of codes the forms use. Data, not code."""
