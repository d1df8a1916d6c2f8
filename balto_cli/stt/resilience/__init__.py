"""What keeps a provider usable when it fails: wrappers that are each a `Transcriber`, one file a wrapper.

`stack` puts them together in the one order that they are used in.
"""
