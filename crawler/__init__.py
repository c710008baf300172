"""Hub in, bytes out: all the network and the block cache, nothing else."""
