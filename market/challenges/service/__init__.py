"""Steps of challenges, by subject. Every one checks permission itself and none commits."""
