"""揭榜挂帅 and its variants, from collection to acceptance."""
