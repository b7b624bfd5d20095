"""Reading what a bureau watches over: unregistered deals, odd registrations, conversion reports."""
