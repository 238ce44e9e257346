"""The tasks: one problem file each, as a user of the package would write it."""
