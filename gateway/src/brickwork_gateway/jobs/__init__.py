"""How stages get done: sent by the dispatcher, claimed and run by workers."""
