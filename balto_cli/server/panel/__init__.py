"""The panel at `/admin`: pages made here for people who sign in, with a little script of our own and nobody else's."""
