// Nothing: the file that the precompiled headers (pch.h) are compiled with.
