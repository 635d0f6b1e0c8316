"""What is shipped: layer, wheel, template, documents, benchmarks."""
