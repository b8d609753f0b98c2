// Carries the precompiled header that the tests of the window share.
