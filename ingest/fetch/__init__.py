"""The pages the bank cites are brought onto the disk, politely and safely."""
