"""Takes the gate's rules away, one at a time, and looks whether a test notices."""
