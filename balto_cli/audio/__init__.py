"""Any container in, PCM16 16 kHz mono out, as a stream. Knows nothing of speech."""
