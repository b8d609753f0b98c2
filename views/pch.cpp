// Carries the precompiled header that the folders beside it share.
