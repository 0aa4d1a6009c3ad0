"""What people are told by e-mail: contents, wording, MIME form. Who is told, and when, is decided elsewhere."""
