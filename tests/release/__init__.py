"""Tests of what is shipped: layer, wheel, template, documents, benchmarks."""
