"""The live server: sockets, REST, recovery. Everything it serves is written in `protocol.md`."""
