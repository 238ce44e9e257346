"""What people look at; nothing is computed here that is not drawn or written."""
