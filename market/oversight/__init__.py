"""What a bureau watches over: deals not yet registered, records that look odd, yearly conversion reports."""
