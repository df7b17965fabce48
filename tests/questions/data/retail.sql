-- TPC-H at scale factor 0.01, made by the engine's own generator.
CALL dbgen(sf = 0.01);
