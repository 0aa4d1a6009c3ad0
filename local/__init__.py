"""The embedded cloud: template.yaml on one machine, without containers and without a network."""
