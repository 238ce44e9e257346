"""Time over cells: steps and their lengths, cells halved and merged between them, and the march that is made again."""
