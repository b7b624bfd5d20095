"""The yearly ranking of technology transfer agencies, and the conversion index of a region."""
