"""What a number rests on: the records behind a count or a conversion, and where others went."""
