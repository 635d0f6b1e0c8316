"""Public suites of cases, rewritten: AWS's signatures, corner cases of JSON, YAML and dotenv."""
