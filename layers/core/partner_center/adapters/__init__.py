"""Where the contexts' ports meet AWS, DNS and HTTP."""
