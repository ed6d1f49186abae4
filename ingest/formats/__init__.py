"""Question banks as other people write them become items: what is asked, its answer, hint and links, each with its lines."""
