"""The doors: requests, tasks and pages in, answers out. Only here are HTTP and the cloud's event shapes known."""
