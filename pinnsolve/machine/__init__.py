"""What a run asks of the machine: files, checkpoints, memory, interrupts."""
