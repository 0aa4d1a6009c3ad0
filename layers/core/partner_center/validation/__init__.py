"""Who controls a name, and may we issue for it: challenges, authorization domains, approvers, CAA (BR 3.2.2)."""
